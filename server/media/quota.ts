import type { UserId } from '../protocol/identifiers.ts';
import { forbidden, limitExceeded } from '../protocol/matrix-error.ts';

export interface QuotaBounds {
  /** What one user may have uploaded, and all together. */
  readonly userBytesMax: number;
  readonly bytesMax: number;
}

/** Uploads under way: each keeps a piece in memory. */
const UNDER_WAY_MAX = 256;
const UNDER_WAY_OF_ONE_MAX = 16;
const TRY_AGAIN_MS = 1_000;

interface Account {
  /** In the database, but for what is under way. */
  used: number;
  held: number;
}

interface Uploader {
  readonly account: Promise<Account>;
  underWay: number;
}

/**
 * What has been uploaded and what is under way, by user and in all. Only the writer adds to it, so what the database
 * said stays true with what was added since.
 */
export class Quota {
  readonly #bounds: QuotaBounds;
  readonly #usedBytes: (userId?: UserId) => Promise<number>;
  /** Those with an upload under way. */
  readonly #uploaders = new Map<UserId, Uploader>();
  #all: Promise<Account> | undefined;
  #underWay = 0;

  constructor(bounds: QuotaBounds, usedBytes: (userId?: UserId) => Promise<number>) {
    this.#bounds = bounds;
    this.#usedBytes = usedBytes;
  }

  /** Runs one upload of the user, which takes bytes as they come, and keeps what is committed. */
  async during<T>(userId: UserId, upload: (hold: Hold) => Promise<T>): Promise<T> {
    const known = this.#uploaders.get(userId);
    if (this.#underWay >= UNDER_WAY_MAX || (known?.underWay ?? 0) >= UNDER_WAY_OF_ONE_MAX)
      throw limitExceeded(TRY_AGAIN_MS);
    const uploader = known ?? { account: this.#read(userId), underWay: 0 };
    this.#uploaders.set(userId, uploader);
    uploader.underWay += 1;
    this.#underWay += 1;
    try {
      const hold = new Hold(await uploader.account, await this.#inAll(), this.#bounds);
      return await upload(hold).finally(() => hold.end());
    } finally {
      this.#underWay -= 1;
      uploader.underWay -= 1;
      if (uploader.underWay === 0) this.#uploaders.delete(userId);
    }
  }

  /** Counts what `free` resolves with as there again. What is known of users is read anew with their next upload. */
  async freeing(free: () => Promise<number>): Promise<void> {
    // Read before: what is read behind it would not hold those bytes, and they would be taken off twice.
    const all = await this.#inAll();
    // Not in one expression, which would take what is there from before, and lose what others upload meanwhile.
    const freed = await free();
    all.used -= freed;
  }

  async #inAll(): Promise<Account> {
    this.#all ??= this.#read();
    try {
      return await this.#all;
    } catch (error) {
      this.#all = undefined;
      throw error;
    }
  }

  async #read(userId?: UserId): Promise<Account> {
    return { used: await this.#usedBytes(userId), held: 0 };
  }
}

/**
 * What one upload has taken. What it declares counts against its user alone until it is there: else somebody who sends
 * slowly would keep the room of all.
 */
export class Hold {
  readonly #own: Account;
  readonly #all: Account;
  readonly #bounds: QuotaBounds;
  #declaredBytes = 0;
  #thereBytes = 0;

  constructor(own: Account, all: Account, bounds: QuotaBounds) {
    this.#own = own;
    this.#all = all;
    this.#bounds = bounds;
  }

  /** So many bytes in all are to come; throws where that is too much. */
  declare(bytes: number): void {
    if (this.#all.used + bytes > this.#bounds.bytesMax) throw forbidden(NO_ROOM);
    const more = bytes - this.#declaredBytes;
    if (more <= 0) return;
    const { userBytesMax } = this.#bounds;
    refuseBeyond(userBytesMax, this.#own, { bytes, more, refusal: ENOUGH });
    this.#declaredBytes += more;
    this.#own.held += more;
  }

  /** So many bytes in all are there; throws where that is too much. */
  grow(bytes: number): void {
    this.declare(bytes);
    const more = bytes - this.#thereBytes;
    if (more <= 0) return;
    refuseBeyond(this.#bounds.bytesMax, this.#all, { bytes, more, refusal: NO_ROOM });
    this.#thereBytes += more;
    this.#all.held += more;
  }

  /** They are committed. */
  keep(bytes: number): void {
    this.end();
    this.#own.used += bytes;
    this.#all.used += bytes;
  }

  end(): void {
    this.#own.held -= this.#declaredBytes;
    this.#all.held -= this.#thereBytes;
    this.#declaredBytes = 0;
    this.#thereBytes = 0;
  }
}

const ENOUGH = 'You have uploaded as much as you may';
const NO_ROOM = 'This server has no room for more files';

/** What others merely hold may yet break off: whoever comes again may find room. */
function refuseBeyond(
  bytesMax: number,
  { used, held }: Account,
  { bytes, more, refusal }: { bytes: number; more: number; refusal: string },
): void {
  if (used + held + more <= bytesMax) return;
  throw used + bytes > bytesMax ? forbidden(refusal) : limitExceeded(TRY_AGAIN_MS);
}

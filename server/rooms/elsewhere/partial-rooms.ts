import { AtOnce } from '../../log/at-once.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';
import { domainOfServer } from '../../protocol/server-host.ts';

const WAIT_MS_MAX = 20_000;
/** Who joins a room of a few people is told so when all of them are here; of large ones nobody waits for that. */
const SOON_MS_MAX = 1_500;
const WAITING_MAX = { all: 1_000, ofOne: 20 };
const RETRY_MS = 5_000;
/** Each is asked for until it is whole, however long nobody tells: of those beyond, the members come with the join. */
export const PARTIAL_MAX = { all: 500, throughDomain: 50 };

/** Who waits for rooms whose members are not here yet, and who is told of which of them these are to be asked for. */
export class PartialRooms {
  readonly #waiting = new Map<RoomId, Set<() => void>>();
  readonly #places = new AtOnce<UserId>(WAITING_MAX);
  readonly #end = new AbortController();
  readonly #soonMsMax: number;
  /** Of each the domain through which it was joined. */
  readonly #unfinished = new Map<RoomId, string>();
  #onDue: (roomId: RoomId, through: ServerName) => void = () => {};

  constructor(soonMsMax: number = SOON_MS_MAX) {
    this.#soonMsMax = soonMsMax;
  }

  listen(onDue: (roomId: RoomId, through: ServerName) => void): void {
    this.#onDue = onDue;
  }

  /** At once, whenever it would be its turn. */
  askFor(roomId: RoomId, through: ServerName): void {
    this.#onDue(roomId, through);
  }

  /** Its members are asked for from here on. */
  begun(roomId: RoomId, through: ServerName): void {
    this.#unfinished.set(roomId, domainOfServer(through));
  }

  /** It is whole, or nobody of ours is in it any more. */
  ended(roomId: RoomId): void {
    this.#unfinished.delete(roomId);
  }

  /** Whether one more may be joined through that server without its members. */
  hasPlaceFor(through: ServerName): boolean {
    const domain = domainOfServer(through);
    const ofDomain = this.#unfinished.values().filter((each) => each === domain);
    const { all, throughDomain } = PARTIAL_MAX;
    return this.#unfinished.size < all && [...ofDomain].length < throughDomain;
  }

  becameWhole(roomId: RoomId): void {
    for (const resume of this.#waiting.get(roomId) ?? []) resume();
  }

  /** Nobody waits any longer: who is the writer next goes on fetching. */
  close(): void {
    this.#end.abort();
  }

  /** Throws M_LIMIT_EXCEEDED where it takes too long, or too many wait. */
  async whenWhole(
    roomId: RoomId,
    isPartial: () => Promise<boolean>,
    { userId, signal }: { readonly userId: UserId; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    if (!(await isPartial())) return;
    const leave = this.#places.take(userId);
    if (!leave) throw limitExceeded(RETRY_MS);
    try {
      await this.#waits(roomId, isPartial, { ms: WAIT_MS_MAX, signal });
    } finally {
      leave();
    }
    if (await isPartial()) throw limitExceeded(RETRY_MS);
  }

  /** Resolves when it is whole, or that takes longer than a moment, or too many wait. */
  async soonWhole(
    roomId: RoomId,
    isPartial: () => Promise<boolean>,
    userId: UserId,
  ): Promise<void> {
    const leave = this.#places.take(userId);
    if (!leave) return;
    try {
      await this.#waits(roomId, isPartial, { ms: this.#soonMsMax });
    } finally {
      leave();
    }
  }

  async #waits(
    roomId: RoomId,
    isPartial: () => Promise<boolean>,
    { ms, signal }: { readonly ms: number; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    const ends = [AbortSignal.timeout(ms), this.#end.signal, ...(signal ? [signal] : [])];
    const over = AbortSignal.any(ends);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(roomId) ?? new Set();
    this.#waiting.set(roomId, waiting.add(resolve));
    over.addEventListener('abort', () => resolve());
    if (over.aborted) resolve();
    try {
      // It may have become whole before anybody was told to tell.
      if (await isPartial()) await promise;
    } finally {
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(roomId);
    }
  }
}

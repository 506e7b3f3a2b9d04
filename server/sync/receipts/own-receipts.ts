import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import { type PlacedReceipt, type Receipt, receiptsOfUser } from '../../storage/receipts.ts';

const USERS_MAX = 10_000;

/** Of one user, by room: nearly always one or two, for which a map weighs three times what the list does. */
type Own = Map<RoomId, readonly PlacedReceipt[]>;

interface Loaded {
  readonly own: Promise<Own>;
  /** When it has come. */
  known?: Own;
}

/** The receipts of users who are about, for what they have read: loaded once, then kept up to date. */
export class OwnReceipts {
  /** The user that was asked for last stands last. */
  readonly #users = new Map<UserId, Loaded>();
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async in(userId: UserId, roomId: RoomId): Promise<readonly PlacedReceipt[]> {
    const own = await this.#of(userId).own;
    return own.get(roomId) ?? [];
  }

  /** Undefined where they have to be loaded. */
  knownIn(userId: UserId, roomId: RoomId): readonly PlacedReceipt[] | undefined {
    return this.#users.get(userId)?.known && (this.#of(userId).known!.get(roomId) ?? []);
  }

  /** Chained to the load, so that rows read before this commit do not replace it. */
  committed(receipt: PlacedReceipt): void {
    this.#change(receipt.userId, (own) => put(own, receipt));
  }

  /** Unless it was put again meanwhile. */
  gone(receipt: PlacedReceipt): void {
    this.#change(receipt.userId, (own) => {
      const isGone = (each: PlacedReceipt) =>
        sameReceipt(each, receipt) && each.position === receipt.position;
      const others = (own.get(receipt.roomId) ?? []).filter((each) => !isGone(each));
      own.set(receipt.roomId, others);
    });
  }

  #change(userId: UserId, change: (own: Own) => void): void {
    const loaded = this.#users.get(userId);
    if (loaded?.known) change(loaded.known);
    else void loaded?.own.then(change, () => {});
  }

  #of(userId: UserId): Loaded {
    const loaded = this.#users.get(userId) ?? this.#load(userId);
    this.#users.delete(userId);
    this.#users.set(userId, loaded);
    const [oldest] = this.#users.keys();
    if (this.#users.size > USERS_MAX) this.#users.delete(oldest!);
    return loaded;
  }

  #load(userId: UserId): Loaded {
    const loaded: Loaded = { own: this.#read(userId) };
    // What was committed meanwhile waits for the same promise, and comes in the same turn.
    loaded.own.then(
      (own) => {
        loaded.known = own;
      },
      () => {},
    );
    return loaded;
  }

  async #read(userId: UserId): Promise<Own> {
    try {
      const own: Own = new Map();
      for (const receipt of await receiptsOfUser(this.#database, userId)) put(own, receipt);
      return own;
    } catch (error) {
      this.#users.delete(userId);
      throw error;
    }
  }
}

export const sameReceipt = (one: Receipt, other: Receipt): boolean =>
  one.type === other.type && one.threadId === other.threadId;

function put(own: Own, receipt: PlacedReceipt) {
  const others = (own.get(receipt.roomId) ?? []).filter((each) => !sameReceipt(each, receipt));
  own.set(receipt.roomId, others.concat([receipt]));
}

import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import { type PlacedReceipt, type Receipt, receiptsOfUser } from '../../storage/receipts.ts';

const USERS_MAX = 10_000;

/** Of one user: by room, then by type and thread. */
type Own = Map<RoomId, Map<string, PlacedReceipt>>;

/** The receipts of users who are about, for what they have read: loaded once, then kept up to date. */
export class OwnReceipts {
  /** The user that was asked for last stands last. */
  readonly #users = new Map<UserId, Promise<Own>>();
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async in(userId: UserId, roomId: RoomId): Promise<readonly PlacedReceipt[]> {
    const own = await this.#of(userId);
    return [...(own.get(roomId)?.values() ?? [])];
  }

  /** Chained to the load, so that rows read before this commit do not replace it. */
  committed(receipt: PlacedReceipt): void {
    void this.#users.get(receipt.userId)?.then(
      (own) => put(own, receipt),
      () => {},
    );
  }

  /** Unless it was put again meanwhile. */
  gone(receipt: PlacedReceipt): void {
    void this.#users.get(receipt.userId)?.then(
      (own) => {
        const room = own.get(receipt.roomId);
        const key = keyOf(receipt);
        if (room?.get(key)?.position === receipt.position) room.delete(key);
      },
      () => {},
    );
  }

  #of(userId: UserId): Promise<Own> {
    const own = this.#users.get(userId) ?? this.#load(userId);
    this.#users.delete(userId);
    this.#users.set(userId, own);
    const [oldest] = this.#users.keys();
    if (this.#users.size > USERS_MAX) this.#users.delete(oldest!);
    return own;
  }

  async #load(userId: UserId): Promise<Own> {
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

const keyOf = ({ type, threadId }: Receipt): string => `${type}\u0000${threadId}`;

function put(own: Own, receipt: PlacedReceipt) {
  const room = own.get(receipt.roomId) ?? new Map<string, PlacedReceipt>();
  own.set(receipt.roomId, room.set(keyOf(receipt), receipt));
}

import type { PlacedRecord } from '../../log/change.ts';
import type { Log } from '../../log/log.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import { forbidden, invalidParam } from '../../protocol/matrix-error.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Database } from '../../storage/database.ts';
import {
  noReceiptRow,
  type PlacedReceipt,
  type Receipt,
  type ReceiptType,
  receiptRow,
  receiptsOfRooms,
} from '../../storage/receipts.ts';
import { isRelatedToThread } from '../unread/thread-of.ts';
import { OwnReceipts, sameReceipt } from './own-receipts.ts';
import { RecentReceipts } from './recent-receipts.ts';

export interface ReceiptsPorts {
  readonly log: Pick<Log, 'commit' | 'committed' | 'onCommitted' | 'onRefused'>;
  readonly database: Database;
  readonly rooms: Pick<Rooms, 'open'>;
  readonly now: () => number;
  /** How long a receipt may wait for a newer one to replace it (D6): 200 ms. */
  readonly waitMs?: number;
}

export interface NewReceipt {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly type: ReceiptType;
  readonly eventId: EventId;
  /** '' for an unthreaded receipt. */
  readonly threadId: string;
  /** When it was read, as another server says; now unless told. */
  readonly ts?: number | undefined;
}

/**
 * Of one user's threads in a room, the last ones: each is told to everybody in the room at their next
 * initial sync. What was read before those is nearly always read in the room as a whole.
 */
const THREADS_MAX = 100;

/** Who has read how far. Receipts that follow each other quickly become one: the newest wins (D6). */
export class Receipts {
  readonly #ports: ReceiptsPorts;
  readonly #recent: RecentReceipts;
  readonly #own: OwnReceipts;
  /** Not committed yet, by what they replace. */
  readonly #newest = new Map<string, Receipt>();
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #underway = new Map<number, PlacedReceipt>();

  constructor(ports: ReceiptsPorts) {
    this.#ports = ports;
    this.#own = new OwnReceipts(ports.database);
    this.#recent = new RecentReceipts(ports.log.committed.position);
    ports.log.onCommitted((records) => this.#committed(records));
  }

  /** Resolves when it is committed. A receipt that is behind the one before it changes nothing. */
  async put(receipt: NewReceipt): Promise<void> {
    const room = await this.#ports.rooms.open(receipt.roomId);
    if (room?.membershipOf(receipt.userId) !== 'join') throw forbidden('You are not in this room');
    const eventPosition = await placeOf(room, receipt);
    const { userId, type, threadId, eventId } = receipt;
    // The room's own id: there is one receipt for each that somebody reads, and each request brings another text.
    const { roomId } = room;
    const placed = {
      userId,
      roomId,
      type,
      threadId,
      eventId,
      eventPosition,
      ts: receipt.ts ?? this.#ports.now(),
    };
    const own = await this.#own.in(receipt.userId, receipt.roomId);

    const key = keyOf(receipt);
    const before = this.#newest.get(key) ?? own.find((each) => sameReceipt(each, placed));
    if (before !== undefined && isBehind(placed, before)) return this.#waiting.get(key);
    this.#newest.set(key, placed);
    const waiting = this.#waiting.get(key) ?? this.#commitSoon(key);
    this.#waiting.set(key, waiting);
    return waiting;
  }

  /** What changed in (after, upTo]; among it the private receipts of everybody. */
  async ofRoom(range: { roomId: RoomId; after: number; upTo: number }) {
    const { roomId, after, upTo } = range;
    return (
      this.#recent.ofRoom(range) ??
      (await receiptsOfRooms(this.#ports.database, { roomIds: [roomId], after, upTo }))
    );
  }

  /** For answers that have to look at many rooms: one query. */
  async ofRooms(range: { roomIds: readonly RoomId[]; after: number; upTo: number }) {
    const byRoom = new Map<RoomId, PlacedReceipt[]>();
    for (const receipt of await receiptsOfRooms(this.#ports.database, range)) {
      const receipts = byRoom.get(receipt.roomId);
      if (receipts === undefined) byRoom.set(receipt.roomId, [receipt]);
      else receipts.push(receipt);
    }
    return byRoom;
  }

  /** The user's own receipts in a room. */
  ownIn(userId: UserId, roomId: RoomId): Promise<readonly PlacedReceipt[]> {
    return this.#own.in(userId, roomId);
  }

  /** The same where memory has them. */
  knownOwnIn(userId: UserId, roomId: RoomId): readonly PlacedReceipt[] | undefined {
    return this.#own.knownIn(userId, roomId);
  }

  async #commitSoon(key: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#ports.waitMs ?? 200));
    this.#waiting.delete(key);
    const receipt = this.#newest.get(key)!;
    try {
      await this.#commit(receipt);
    } finally {
      if (this.#newest.get(key) === receipt) this.#newest.delete(key);
    }
  }

  /** Each is a change of its own, so that one which the database refuses takes no other with it. */
  async #commit(receipt: Receipt): Promise<void> {
    const gone = beyondThreads(await this.#own.in(receipt.userId, receipt.roomId), receipt);
    let position = 0;
    try {
      await this.#ports.log.commit((next) => {
        position = next();
        const { roomId, userId, type: receiptType, threadId, eventId, eventPosition, ts } = receipt;
        // One by one, since what is spread lies in two pieces.
        const type = receiptType;
        const placed = { userId, roomId, type, threadId, eventId, eventPosition, ts, position };
        this.#underway.set(position, placed);
        const record = {
          kind: 'receipt',
          roomId,
          userId,
          receiptType,
          threadId: threadId || null,
        } as const;
        return {
          change: {
            rows: [...gone.map(noReceiptRow), receiptRow(placed)],
            records: [{ position, record }],
            touches: [],
          },
          value: undefined,
        };
      });
      for (const each of gone) this.#own.gone(each);
    } finally {
      this.#underway.delete(position);
    }
  }

  /** What other processes wrote, on a follower, is not known here: only its own rows are. */
  #committed(records: readonly PlacedRecord[]) {
    for (const { position, record } of records) {
      if (record.kind !== 'receipt') continue;
      const receipt = this.#underway.get(position);
      if (receipt === undefined) continue;
      this.#recent.add(receipt);
      this.#own.committed(receipt);
    }
  }
}

const keyOf = ({ userId, roomId, type, threadId }: NewReceipt) =>
  [userId, roomId, type, threadId].join('\u0000');

/** The threads of the same room and type that were read before all others, where this is one too many. */
function beyondThreads(own: readonly PlacedReceipt[], receipt: Receipt): PlacedReceipt[] {
  if (receipt.threadId === '' || own.some((each) => sameReceipt(each, receipt))) return [];
  const threads = own.filter((each) => each.type === receipt.type && each.threadId !== '');
  return threads
    .toSorted((a, b) => a.position - b.position)
    .slice(0, Math.max(0, threads.length + 1 - THREADS_MAX));
}

/** Of an event that is not known, or not in the timeline, nobody can say where it stands. */
const isBehind = (receipt: Receipt, before: Receipt): boolean =>
  receipt.eventId === before.eventId ||
  (receipt.eventPosition !== null &&
    before.eventPosition !== null &&
    receipt.eventPosition < before.eventPosition);

async function placeOf(room: Room, { eventId, threadId }: NewReceipt): Promise<number | null> {
  const event = await room.event(eventId);
  if (threadId !== '' && !(event && (await isRelatedToThread(room, event, threadId))))
    throw invalidParam(`event_id ${eventId} is not related to thread ${threadId}`);
  return event && event.position > 0 ? event.position : null;
}

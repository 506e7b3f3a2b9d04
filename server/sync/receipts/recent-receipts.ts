import type { RoomId } from '../../protocol/identifiers.ts';
import type { PlacedReceipt } from '../../storage/receipts.ts';

const KEPT_PER_ROOM_MAX = 512;
const ROOMS_MAX = 10_000;

interface RecentRoom {
  floor: number;
  /** In order of position. A list that is made anew, since one that is pushed to has space for seventeen. */
  receipts: readonly PlacedReceipt[];
}

/** The latest receipts of rooms, so that an answer to those who sync all the time needs no database. */
export class RecentReceipts {
  /** The room that changed last stands last. */
  readonly #rooms = new Map<RoomId, RecentRoom>();
  #floor: number;

  /** `position`: what was committed before this memory began. */
  constructor(position: number) {
    this.#floor = position;
  }

  add(receipt: PlacedReceipt): void {
    const room = this.#rooms.get(receipt.roomId) ?? { floor: this.#floor, receipts: [] };
    this.#rooms.delete(receipt.roomId);
    this.#rooms.set(receipt.roomId, room);
    room.receipts = room.receipts.concat([receipt]);
    if (room.receipts.length > KEPT_PER_ROOM_MAX) {
      room.floor = room.receipts[KEPT_PER_ROOM_MAX / 2 - 1]!.position;
      room.receipts = room.receipts.slice(KEPT_PER_ROOM_MAX / 2);
    }
    if (this.#rooms.size > ROOMS_MAX) this.#dropOldest();
  }

  /** Undefined where memory does not reach back so far. May hold older ones of the same key. */
  ofRoom(range: { roomId: RoomId; after: number; upTo: number }): PlacedReceipt[] | undefined {
    const room = this.#rooms.get(range.roomId);
    if (range.after < (room?.floor ?? this.#floor)) return undefined;
    if (room === undefined) return [];
    return room.receipts.filter(({ position }) => position > range.after && position <= range.upTo);
  }

  /** Nothing is known any more of the room that is dropped, nor whether it was here. */
  #dropOldest() {
    const [[roomId, room]] = this.#rooms as unknown as [[RoomId, RecentRoom]];
    this.#rooms.delete(roomId);
    this.#floor = Math.max(this.#floor, room.receipts.at(-1)!.position);
  }
}

import type { RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import {
  countOfRooms,
  type ListedExtremity,
  type ListedRoom,
  listedExtremities,
  listedRooms,
  type RoomPage,
} from '../../storage/rooms/room-list.ts';

export { type ListedRoom, ROOM_ORDERS, type RoomPage } from '../../storage/rooms/room-list.ts';

/** All rooms that this server knows, for administrators. It reads through the state of each. */
export class RoomList {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async page(
    page: RoomPage,
  ): Promise<{ readonly rooms: readonly ListedRoom[]; readonly total: number }> {
    const [rooms, total] = await Promise.all([
      listedRooms(this.#database, page),
      countOfRooms(this.#database, page.text),
    ]);
    return { rooms, total };
  }

  extremitiesOf(roomId: RoomId): Promise<readonly ListedExtremity[]> {
    return listedExtremities(this.#database, roomId);
  }
}

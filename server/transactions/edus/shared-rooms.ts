import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { RoomReceiver } from '../../rooms/receive/room-receiver.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';

/** Rooms as another server may speak of them: EDUs of servers that the room's ACL denies are passed over. */
export class SharedRooms {
  readonly #rooms: Pick<Rooms, 'open'>;
  readonly #receiver: Pick<RoomReceiver, 'whyNotFrom'>;

  constructor(ports: {
    readonly rooms: Pick<Rooms, 'open'>;
    readonly roomReceiver: Pick<RoomReceiver, 'whyNotFrom'>;
  }) {
    this.#rooms = ports.rooms;
    this.#receiver = ports.roomReceiver;
  }

  async open(roomId: RoomId, origin: ServerName): Promise<Room | undefined> {
    const room = await this.#rooms.open(roomId);
    if (room === undefined) return undefined;
    const why = await this.#receiver.whyNotFrom(roomId, origin);
    return why === undefined ? room : undefined;
  }
}

import { notFound } from '../../http/matrix-error.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export interface RoomPorts {
  readonly rooms: Pick<Rooms, 'open'>;
}

export async function knownRoom({ rooms }: RoomPorts, roomId: RoomId): Promise<Room> {
  const room = await rooms.open(roomId);
  if (!room) throw notFound('Room not found');
  return room;
}

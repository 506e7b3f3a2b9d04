import { notFound } from '../../http/matrix-error.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { SeenEvent } from '../../rooms/seen-event.ts';

export interface RoomPorts {
  readonly rooms: Pick<Rooms, 'open'>;
}

export async function knownRoom({ rooms }: RoomPorts, roomId: RoomId): Promise<Room> {
  const room = await rooms.open(roomId);
  if (!room) throw notFound('Room not found');
  return room;
}

/** By an administrator, who sees all of the history but what its sender had erased. */
export async function seenInHistory(
  room: Room,
  eventId: EventId,
  reader: UserId,
): Promise<SeenEvent | undefined> {
  const event = await room.event(eventId);
  if (!event) return undefined;
  const from = { depth: event.depth, nid: event.nid - 1 };
  const { events } = await room.page({ reader, seesAll: true, from, direction: 'f', limit: 1 });
  return events.find((each) => each.event.eventId === eventId);
}

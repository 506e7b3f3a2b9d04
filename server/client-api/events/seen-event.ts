import { notFound } from '../../http/matrix-error.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { SeenEvent } from '../../rooms/seen-event.ts';

/** What somebody may not see is not there: the answer does not tell the two apart. */
export async function seenEvent(
  rooms: Pick<Rooms, 'open'>,
  { roomId, eventId }: { roomId: RoomId; eventId: EventId },
  userId: UserId,
): Promise<{ room: Room; seen: SeenEvent }> {
  const room = await rooms.open(roomId);
  const event = await room?.event(eventId);
  const [seen] = event && room ? await room.visibleTo(userId, [event]) : [];
  if (!room || !seen) throw notFound('There is no such event, or not for you');
  return { room, seen };
}

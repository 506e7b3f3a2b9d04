import { historyVisibilityOf } from '../../protocol/history-visibility.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import type { Room } from '../room.ts';
import type { RoomEvent } from '../room-event.ts';
import type { Rooms } from '../rooms.ts';

/** A room as somebody may look into it. Which events of it they see is asked event by event. */
export interface Reading {
  readonly room: Room;
  /** The event by which they left: what happened behind it is not for them. */
  readonly departure: RoomEvent | undefined;
}

/**
 * Members look into a room as it is; who was one before, as it was when they left; and everybody,
 * where history is world-readable. All others are told the same, whether there is a room or not.
 */
export async function readingOf(
  rooms: Pick<Rooms, 'open' | 'roomsOf'>,
  roomId: RoomId,
  userId: UserId,
): Promise<Reading> {
  const room = await rooms.open(roomId);
  if (!room) throw notAMember(roomId);
  const own = (await rooms.roomsOf(userId)).get(roomId);
  if (own?.membership === 'join' || (await isWorldReadable(room)))
    return { room, departure: undefined };
  const departure = own && !own.forgotten ? await room.departureOf(userId) : undefined;
  if (!departure) throw notAMember(roomId);
  return { room, departure };
}

/** The same, when all its members are here: for what a client would take for all of them. */
export async function readingOfWhole(
  rooms: Pick<Rooms, 'open' | 'roomsOf' | 'whenWhole'>,
  roomId: RoomId,
  userId: UserId,
  signal?: AbortSignal,
): Promise<Reading> {
  const reading = await readingOf(rooms, roomId, userId);
  if (!reading.room.isPartial || reading.departure) return reading;
  await rooms.whenWhole(roomId, userId, signal);
  return readingOf(rooms, roomId, userId);
}

const notAMember = (roomId: RoomId) => forbidden(`You are not a member of ${roomId}`);

async function isWorldReadable(room: Room): Promise<boolean> {
  const event = await room.stateEvent('m.room.history_visibility', '');
  return historyVisibilityOf(event?.content.history_visibility) === 'world_readable';
}

import { BuiltOnRefused } from '../../log/log.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import { MatrixError, notFound } from '../../protocol/matrix-error.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomMemory } from '../memory/room-memory.ts';
import { RoomChangedMeanwhile } from './moved-meanwhile.ts';

const ATTEMPTS_MAX = 10;

/**
 * Makes a change of a room, and makes it again where what it was built on was refused by the
 * database or went out of memory.
 *
 * A wish that is refused because of something that is not committed itself (a ban on its way) is
 * answered only when that is: nobody is told anything before it is committed (D1).
 */
export async function changeRoom<T>(
  rooms: RoomMemory,
  roomId: RoomId,
  attempt: (room: HotRoom) => Promise<T>,
): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    const room = await rooms.get(roomId);
    if (!room?.isCommitted) throw notFound('This server does not know the room');
    try {
      return await attempt(room);
    } catch (error) {
      if (error instanceof MatrixError) {
        await room.settled;
        if (!room.isDropped || attempts === ATTEMPTS_MAX) throw error;
      } else if (!isWorthAnother(error) || attempts === ATTEMPTS_MAX) {
        throw error;
      }
    }
  }
}

/**
 * The same of a room that may not be here, and is changed from outside: alone in it. While the change is on its way nobody
 * builds on what the room was: those who wait find it out of memory, and look again.
 */
export async function changeOutside<T>(
  rooms: RoomMemory,
  roomId: RoomId,
  attempt: (room: HotRoom | undefined) => Promise<T>,
): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    const room = await rooms.get(roomId);
    try {
      if (!room) return await attempt(undefined);
      return await room.building.alone(async () => {
        await settledOf(room);
        return attempt(room);
      });
    } catch (error) {
      if (!(error instanceof BuiltOnRefused) || attempts === ATTEMPTS_MAX) throw error;
    }
  }
}

/** Behind all that is on its way to the room; throws BuiltOnRefused where that was refused. */
export async function settledOf(room: HotRoom): Promise<void> {
  await room.settled;
  if (room.isDropped) throw new BuiltOnRefused('the room went out of memory');
}

const isWorthAnother = (error: unknown): boolean =>
  error instanceof BuiltOnRefused || error instanceof RoomChangedMeanwhile;

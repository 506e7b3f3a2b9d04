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

const isWorthAnother = (error: unknown): boolean =>
  error instanceof BuiltOnRefused || error instanceof RoomChangedMeanwhile;

import { historyVisibilityOf } from '../../protocol/history-visibility.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { lastDeparture } from '../membership/last-departure.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { contentAt } from '../read/visibility.ts';

/**
 * The number of the last event that the user may hear of: whoever has left is not told what was said
 * about an old event since.
 */
export async function lookUntil(room: HotRoom, reads: RoomReads, userId: UserId): Promise<number> {
  const own = (await reads.userRooms.of(userId)).get(room.roomId);
  if (own?.membership === 'join' || (await isWorldReadable(room, reads)))
    return Number.MAX_SAFE_INTEGER;
  if (own === undefined || own.forgotten) return 0;
  const history = await reads.membershipHistory(userId, room);
  return lastDeparture(history)?.position ?? 0;
}

async function isWorldReadable(room: HotRoom, reads: RoomReads): Promise<boolean> {
  const content = await contentAt(room, reads, room.state, ['m.room.history_visibility', '']);
  return historyVisibilityOf(content?.history_visibility) === 'world_readable';
}

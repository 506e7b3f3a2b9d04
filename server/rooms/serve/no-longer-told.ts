import type { HotRoom } from '../memory/hot-room.ts';
import { withoutExpired } from '../read/expired.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { hiddenByErasure } from './shown-to-server.ts';

/** Of events of a room those of which other servers are told only that they were: by whom was erased, or whose time is over. */
export async function noLongerTold(
  room: HotRoom,
  reads: RoomReads,
  nids: readonly number[],
): Promise<ReadonlySet<number>> {
  const events = await reads.load(room, nids);
  const kept = new Set(await withoutExpired(room, reads, events));
  const erased = await hiddenByErasure(reads, events);
  const hidden = events.filter((event) => !kept.has(event) || erased.has(event));
  return new Set(hidden.map(({ nid }) => nid));
}

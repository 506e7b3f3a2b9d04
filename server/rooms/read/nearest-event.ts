import type { UserId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Moment } from '../room.ts';
import type { RoomEvent } from '../room-event.ts';
import type { RoomReads } from './room-reads.ts';
import { visibleTo } from './visibility.ts';

/** Where visibility lets little through, how much is read. */
const READ_MAX = 500;
const READ_AT_ONCE = 50;

/** The event of the room that the reader may see and that is nearest to a moment, before or behind it. */
export async function nearestEvent(
  room: HotRoom,
  reads: RoomReads,
  reader: UserId,
  { ts, direction }: Moment,
): Promise<RoomEvent | undefined> {
  for (let skip = 0; skip < READ_MAX; ) {
    // The first is the one, nearly always.
    const limit = skip === 0 ? 1 : READ_AT_ONCE;
    const query = { roomNid: room.nid, ts, direction, skip, limit };
    const begun = reads.events.beginRead();
    const stored = await reads.store.eventsNear(query);
    const events = stored.map((each) => reads.eventOf(each, room.rules, begun));
    const [seen] = events.length > 0 ? await visibleTo(room, reads, reader, events) : [];
    if (seen || stored.length < limit) return seen?.event;
    skip += stored.length;
  }
  return undefined;
}

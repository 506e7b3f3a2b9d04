import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomReads } from '../read/room-reads.ts';
import type { RoomEvent } from '../room-event.ts';

/** Of these events, those to which something may relate. Of recent ones that is known from memory. */
export function recentlyRelated(
  room: HotRoom,
  reads: RoomReads,
  events: readonly RoomEvent[],
): Promise<readonly RoomEvent[]> | readonly RoomEvent[] {
  const { relations } = room;
  const oldest = Math.min(...unknown(room, events).map(({ nid }) => nid));
  return oldest <= relations.after && !relations.isFull
    ? fill(room, reads, oldest).then(() => related(room, events))
    : related(room, events);
}

async function fill({ nid: roomNid, relations }: HotRoom, reads: RoomReads, oldest: number) {
  const upTo = relations.after;
  // Of one that is as old as this, too.
  const range = { roomNid, after: Math.max(0, oldest - 1), upTo };
  const { relations: found, after } = await reads.relationsLately(range);
  relations.fill(found, { after, upTo });
}

const related = ({ relations }: HotRoom, events: readonly RoomEvent[]) =>
  events.filter((event) => !isInTimeline(event) || relations.isAlone(event) !== true);

const unknown = ({ relations }: HotRoom, events: readonly RoomEvent[]) =>
  events.filter((event) => isInTimeline(event) && relations.isAlone(event) === undefined);

/** Of all others memory knows nothing: what relates to them may have come before. */
const isInTimeline = ({ position }: RoomEvent): boolean => position !== 0;

import type { EventId } from '../../protocol/identifiers.ts';
import { relationOf } from '../../protocol/relations/relation.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import type { Room } from '../../rooms/rooms.ts';

/** The specification's recommendation: who relates to whom is not followed without end. */
const HOPS_MAX = 3;

/** The thread of events that are in none. */
export const MAIN_TIMELINE = 'main';

type Events = Pick<Room, 'event'>;

/**
 * The thread that an event counts in: the id of its root, or `main`. A reaction to a reply in a
 * thread is in that thread; the root, and what relates to it otherwise, are in the main timeline.
 */
export async function threadOf(room: Events, event: RoomEvent): Promise<string> {
  let current: RoomEvent | undefined = event;
  for (let hops = 0; hops < HOPS_MAX && current !== undefined; hops++) {
    const relation = relationOf(current.content);
    if (relation === undefined) return MAIN_TIMELINE;
    if (relation.relType === 'm.thread') return relation.eventId;
    current = await room.event(relation.eventId as EventId);
  }
  return MAIN_TIMELINE;
}

/** Whether a receipt on this event may be one for this thread. The root is in both. */
export async function isRelatedToThread(
  room: Events,
  event: RoomEvent,
  threadId: string,
): Promise<boolean> {
  if ((await threadOf(room, event)) === threadId) return true;
  return event.eventId === threadId || relationOf(event.content)?.eventId === threadId;
}

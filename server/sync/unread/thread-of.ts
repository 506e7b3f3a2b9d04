import type { EventId } from '../../protocol/identifiers.ts';
import { relationOf } from '../../protocol/relations/relation.ts';
import type { Room } from '../../rooms/room.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';

/** The specification's recommendation: who relates to whom is not followed without end. */
const HOPS_MAX = 3;

/** The thread of events that are in none. */
export const MAIN_TIMELINE = 'main';

type Events = Pick<Room, 'events'>;

/**
 * The threads that events count in: the id of the root, or `main`. A reaction to a reply in a thread
 * is in that thread; the root, and what relates to it otherwise, are in the main timeline. What one
 * relates to is asked for all events together, and once for all who read them.
 */
export function threadsOf(
  room: Events,
  events: readonly RoomEvent[],
): Promise<string[]> | string[] {
  const open = events.filter((event) => threadSaidBy(event) === undefined && !known.has(event));
  return open.length === 0
    ? threadsKnown(events)
    : follow(room, open).then(() => threadsKnown(events));
}

/** The same where nothing has to be asked. */
export function threadsAtOnce(events: readonly RoomEvent[]): string[] | undefined {
  const isKnown = (event: RoomEvent) => threadSaidBy(event) !== undefined || known.has(event);
  return events.every(isKnown) ? threadsKnown(events) : undefined;
}

const threadsKnown = (events: readonly RoomEvent[]): string[] =>
  events.map((event) => threadSaidBy(event) ?? known.get(event) ?? MAIN_TIMELINE);

/** What they relate to is then known. */
async function follow(room: Events, events: readonly RoomEvent[]): Promise<void> {
  let open = events.map((event) => ({ event, at: event }));
  for (let hops = 1; hops < HOPS_MAX && open.length > 0; hops++)
    open = (await oneHop(room, open)).filter(({ event, at }) => {
      const thread = threadSaidBy(at);
      if (thread !== undefined) known.set(event, thread);
      return thread === undefined;
    });
}

export const threadOf = async (room: Events, event: RoomEvent): Promise<string> =>
  (await threadsOf(room, [event]))[0]!;

/**
 * Of those that do not say it themselves: most do, and each of these costs the collector. Events do not
 * change, so neither does their thread; a redacted one is another object.
 */
const known = new WeakMap<RoomEvent, string>();

/** Undefined where it depends on what the event relates to. */
function threadSaidBy(event: RoomEvent): string | undefined {
  const relation = relationOf(event.content);
  if (relation === undefined) return MAIN_TIMELINE;
  return relation.relType === 'm.thread' ? relation.eventId : undefined;
}

interface Followed {
  readonly event: RoomEvent;
  readonly at: RoomEvent;
}

/** What leads to nothing that is known is in the main timeline. */
async function oneHop(room: Events, open: readonly Followed[]): Promise<Followed[]> {
  const parentOf = ({ at }: Followed) => relationOf(at.content)!.eventId as EventId;
  const found = await room.events([...new Set(open.map(parentOf))]);
  const byId = new Map(found.map((event) => [event.eventId, event]));
  for (const { event } of open) known.set(event, MAIN_TIMELINE);
  return open.flatMap((each) => {
    const at = byId.get(parentOf(each));
    return at === undefined ? [] : [{ event: each.event, at }];
  });
}

/**
 * Whether a receipt on this event may be one for this thread. The root is in both, and must be there:
 * an event may say of itself that it is in a thread of any name.
 */
export async function isRelatedToThread(
  room: Events,
  event: RoomEvent,
  threadId: string,
): Promise<boolean> {
  if (threadId !== MAIN_TIMELINE && (await room.events([threadId as EventId])).length === 0)
    return false;
  if ((await threadOf(room, event)) === threadId) return true;
  return event.eventId === threadId || relationOf(event.content)?.eventId === threadId;
}

import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';

/**
 * Each behind those among these that it follows or is authorized by, and else by depth. A depth is what a sender claims:
 * behind one who claims the largest there is all events of the room have the same.
 */
export function inOrder(events: Iterable<Event>): Event[] {
  const byDepth = [...events].sort((a, b) => a.depth - b.depth);
  const open = new Map(byDepth.map((event) => [event.eventId, event]));
  const ordered: Event[] = [];
  for (const event of byDepth) if (open.delete(event.eventId)) place(event, open, ordered);
  return ordered;
}

/** Behind what is open beneath it; what rests on itself stands anywhere. */
function place(last: Event, open: Map<EventId, Event>, ordered: Event[]): void {
  const path = [{ event: last, beneath: beneath(last) }];
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const id = top.beneath.find((each) => open.has(each));
    if (id === undefined) {
      ordered.push(top.event);
      path.pop();
      continue;
    }
    const event = open.get(id)!;
    open.delete(id);
    path.push({ event, beneath: beneath(event) });
  }
}

const beneath = ({ authEvents, prevEvents }: Event): readonly EventId[] => [
  ...authEvents,
  ...prevEvents,
];

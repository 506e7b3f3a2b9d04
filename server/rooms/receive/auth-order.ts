import { type InBreaths, inOneBreath } from '../../log/breaths.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';

/** Each behind those among these on which it rests, whatever depths they claim; what rests on itself is left out. */
export const inAuthOrder = (events: ReadonlyMap<EventId, Event>): Event[] =>
  inOneBreath(authOrder(events));

const BREATH = 1_000;

/** The same, of a whole room. */
export function* authOrder(events: ReadonlyMap<EventId, Event>): InBreaths<Event[]> {
  const resting = new Map<EventId, Event[]>();
  const missing = new Map<EventId, number>();
  const ordered: Event[] = [];
  let looked = 0;
  for (const event of events.values()) {
    if (++looked % BREATH === 0) yield;
    const below = [...new Set(event.authEvents)].filter((id) => events.has(id));
    missing.set(event.eventId, below.length);
    if (below.length === 0) ordered.push(event);
    for (const id of below) {
      const above = resting.get(id);
      if (above) above.push(event);
      else resting.set(id, [event]);
    }
  }
  for (const { eventId } of ordered) {
    if (++looked % BREATH === 0) yield;
    for (const above of resting.get(eventId) ?? []) {
      const left = missing.get(above.eventId)! - 1;
      missing.set(above.eventId, left);
      if (left === 0) ordered.push(above);
    }
  }
  return ordered;
}

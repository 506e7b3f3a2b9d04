import type { Event } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import { compareByTimeAndId } from './event-order.ts';
import type { KnownEvents } from './known-events.ts';
import type { Steps } from './steps.ts';

/**
 * The *mainline ordering* of events, smallest first, based on the power levels P: who was authorized
 * by older power levels comes first. Those with no way to the mainline come before all.
 */
export function* orderByMainline(
  events: readonly Event[],
  powerLevels: Event | undefined,
  known: KnownEvents,
): Steps<Event[]> {
  const mainline = new Mainline(powerLevels, known);
  const positions = new Map<Event, number>();
  yield* known.learn(events.flatMap((event) => event.authEvents));
  for (const event of events) positions.set(event, yield* mainline.positionOf(event));
  return events.toSorted((a, b) => {
    const [ofA, ofB] = [positions.get(a)!, positions.get(b)!];
    return ofA === ofB ? compareByTimeAndId(a, b) : ofB > ofA ? 1 : -1;
  });
}

/**
 * Each power levels event names the one before it, back to the first. That may be a long list, so it
 * is found only as far back as somebody's position asks for.
 */
class Mainline {
  readonly #known: KnownEvents;
  readonly #positions = new Map<EventId, number>();
  #next: Event | undefined;

  constructor(powerLevels: Event | undefined, known: KnownEvents) {
    this.#known = known;
    this.#next = powerLevels;
  }

  /** Of the nearest power levels behind the event, itself excluded; infinite if none is of the mainline. */
  *positionOf(event: Event): Steps<number> {
    const seen = new Set<Event>();
    let above = yield* powerLevelsBefore(event, this.#known);
    while (above !== undefined && !seen.has(above)) {
      const position = yield* this.#find(above.eventId);
      if (position !== undefined) return position;
      seen.add(above);
      above = yield* powerLevelsBefore(above, this.#known);
    }
    return Number.POSITIVE_INFINITY;
  }

  *#find(id: EventId): Steps<number | undefined> {
    while (!this.#positions.has(id) && this.#next !== undefined) {
      const { eventId } = this.#next;
      this.#positions.set(eventId, this.#positions.size);
      const before: Event | undefined = yield* powerLevelsBefore(this.#next, this.#known);
      this.#next = before && !this.#positions.has(before.eventId) ? before : undefined;
    }
    return this.#positions.get(id);
  }
}

function* powerLevelsBefore(event: Event, known: KnownEvents): Steps<Event | undefined> {
  yield* known.learn(event.authEvents);
  return known.authEventOf(event, 'm.room.power_levels');
}

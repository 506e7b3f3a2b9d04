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
  for (const event of events) positions.set(event, yield* mainline.positionOf(event));
  return events.toSorted((a, b) => {
    const [ofA, ofB] = [positions.get(a)!, positions.get(b)!];
    return ofA === ofB ? compareByTimeAndId(a, b) : ofB - ofA;
  });
}

/**
 * Each power levels event names the one before it, back to the first. That may be a long list, so it
 * is found only as far back as somebody's position asks for.
 */
class Mainline {
  readonly #known: KnownEvents;
  readonly #positions = new Map<EventId, number>();
  /** The same for power levels that are not of the mainline: where the way behind them meets it. */
  readonly #besides = new Map<EventId, number>();
  #end: Event | undefined;

  constructor(powerLevels: Event | undefined, known: KnownEvents) {
    this.#known = known;
    this.#append(powerLevels);
  }

  /**
   * Of the nearest power levels behind the event, itself excluded; infinite if none is of the
   * mainline.
   */
  *positionOf(event: Event): Steps<number> {
    if (this.#positions.size === 0) return Number.POSITIVE_INFINITY;
    const passed = new Set<EventId>();
    const position = yield* this.#meeting(event, passed);
    for (const id of passed) {
      if (this.#positions.has(id)) break;
      this.#besides.set(id, position);
    }
    return position;
  }

  /**
   * Both lists are followed in turn, and the first place where they meet is it: one nearer to the event
   * that lay further back in the mainline would be behind itself.
   */
  *#meeting(event: Event, passed: Set<EventId>): Steps<number> {
    let behind = yield* powerLevelsBefore(event, this.#known);
    while (behind !== undefined || this.#end !== undefined) {
      if (behind !== undefined) {
        const position = this.#positions.get(behind.eventId) ?? this.#besides.get(behind.eventId);
        if (position !== undefined) return position;
        passed.add(behind.eventId);
        behind = yield* powerLevelsBefore(behind, this.#known);
        if (behind !== undefined && passed.has(behind.eventId)) behind = undefined;
      }
      yield* this.#lengthen();
      if (this.#end !== undefined && passed.has(this.#end.eventId)) {
        return this.#positions.size - 1;
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  *#lengthen(): Steps<void> {
    if (this.#end !== undefined) this.#append(yield* powerLevelsBefore(this.#end, this.#known));
  }

  /** Event ids that senders chose (versions 1 and 2) could make it a circle, which then ends here. */
  #append(powerLevels: Event | undefined): void {
    const isNew = powerLevels !== undefined && !this.#positions.has(powerLevels.eventId);
    this.#end = isNew ? powerLevels : undefined;
    if (isNew) this.#positions.set(powerLevels.eventId, this.#positions.size);
  }
}

function* powerLevelsBefore(event: Event, known: KnownEvents): Steps<Event | undefined> {
  yield* known.learn(event.authEvents);
  return known.authEventOf(event, 'm.room.power_levels', '');
}

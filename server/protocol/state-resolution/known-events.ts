import { type Event, stateKeyOf } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import type { Question, ResolvedRoom, Steps } from './steps.ts';

/** The events that this resolution has been told of. */
export class KnownEvents {
  readonly #room: ResolvedRoom;
  readonly #events = new Map<EventId, Event>();
  readonly #asked = new Set<EventId>();

  constructor(room: ResolvedRoom) {
    this.#room = room;
  }

  get(id: EventId): Event | undefined {
    return this.#events.get(id);
  }

  /** The auth events of an event that are known, in the order in which it names them. */
  authEventsOf(event: Event): readonly Event[] {
    return event.authEvents.flatMap((id) => this.#events.get(id) ?? []);
  }

  /** The one of a type with an empty state key that an event names: its power levels, its create. */
  authEventOf(event: Event, type: string): Event | undefined {
    return this.authEventsOf(event).find((auth) => auth.type === type && auth.stateKey === '');
  }

  /** Asks for those that nobody was asked for yet. What stays unknown is as if it did not exist. */
  *learn(ids: Iterable<EventId>): Steps<void> {
    const unknown: EventId[] = [];
    for (const id of ids) {
      if (this.#asked.has(id)) continue;
      this.#asked.add(id);
      if (!this.#events.has(id)) unknown.push(id);
    }
    if (unknown.length === 0) return;
    const question: Question = { kind: 'events', ids: unknown };
    const { events = [] } = yield question;
    for (const event of events) this.#keep(event);
  }

  /** An event of another room, or one that is no state, has no part in this whoever names it. */
  #keep(event: Event): void {
    if (event.roomId !== this.#room.roomId || event.stateKey === undefined) return;
    this.#events.set(event.eventId, event);
  }
}

/** The key of an event in its room's state. */
export const keyOf = (event: Event): string => stateKeyOf(event.type, event.stateKey!);

import { type Event, stateKeyOf } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import type { Question, ResolvedRoom, Steps } from './steps.ts';

/** The events that this resolution has been told of. */
export class KnownEvents {
  readonly #room: ResolvedRoom;
  /** Undefined is one that was asked for in vain. */
  readonly #events = new Map<EventId, Event | undefined>();

  constructor(room: ResolvedRoom) {
    this.#room = room;
  }

  get(id: EventId): Event | undefined {
    return this.#events.get(id);
  }

  /** The auth event of this key that an event names, so far as it is known. */
  authEventOf(event: Event, type: string, stateKey: string): Event | undefined {
    for (const id of event.authEvents) {
      const auth = this.#events.get(id);
      if (auth?.type === type && auth.stateKey === stateKey) return auth;
    }
    return undefined;
  }

  /** Asks for those that nobody was asked for yet. What stays unknown is as if it did not exist. */
  *learn(ids: Iterable<EventId>): Steps<void> {
    const unknown: EventId[] = [];
    for (const id of ids) {
      if (this.#events.has(id)) continue;
      this.#events.set(id, undefined);
      unknown.push(id);
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

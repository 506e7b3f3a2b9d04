import { authEventKeys } from '../auth-events.ts';
import type { AuthState } from '../auth-rules/verdict.ts';
import { type Event, stateKeyOf } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import type { StateView } from './conflict.ts';
import { createIdOf } from './create-id.ts';
import { type KnownEvents, keyOf } from './known-events.ts';
import type { ResolvedRoom } from './steps.ts';

/** The state that a resolution builds up: what it decided, above what it began with. */
export class PartialState implements AuthState {
  readonly decided = new Map<string, EventId>();
  readonly #base: Pick<StateView, 'get'>;
  readonly #known: KnownEvents;
  readonly #room: ResolvedRoom;

  constructor(base: Pick<StateView, 'get'>, known: KnownEvents, room: ResolvedRoom) {
    this.#base = base;
    this.#known = known;
    this.#room = room;
  }

  get(type: string, stateKey: string): Event | undefined {
    const id = this.#idOf(type, stateKey);
    return id === undefined ? undefined : this.#known.get(id);
  }

  put(event: Event): void {
    this.decided.set(keyOf(event), event.eventId);
  }

  putAll(events: readonly Event[]): void {
    for (const event of events) this.put(event);
  }

  /** Of all that the auth rules may read of this state when they judge these events. */
  idsReadFor(events: readonly Event[]): Set<EventId> {
    const ids = new Set<EventId>();
    const add = (type: string, stateKey: string): void => {
      const id = this.#idOf(type, stateKey);
      if (id !== undefined) ids.add(id);
    };
    add('m.room.create', '');
    for (const event of events) {
      for (const [type, stateKey] of authEventKeys(event, this.#room.rules)) add(type, stateKey);
    }
    return ids;
  }

  /** A create event that the room id names is there, also in a state that began empty. */
  #idOf(type: string, stateKey: string): EventId | undefined {
    const key = stateKeyOf(type, stateKey);
    const id = this.decided.get(key) ?? this.#base.get(key);
    if (id !== undefined) return id;
    return type === 'm.room.create' && stateKey === '' ? createIdOf(this.#room) : undefined;
  }
}

import { authorize } from '../../server/protocol/auth-rules/authorize.ts';
import { type Event, stateKeyOf } from '../../server/protocol/event.ts';
import type { EventId } from '../../server/protocol/identifiers.ts';
import { powerLevelOf } from '../../server/protocol/power-levels.ts';
import type { StateMap } from '../../server/protocol/state-resolution/conflict.ts';
import type { TestRoom } from './test-room.ts';

/**
 * State resolution v2 and v2.1 as the specification defines it, with whole sets and without a thought
 * for what it costs: to compare the real one with. The two readings that README.md of
 * state-resolution explains are in it: a state's chain includes its own events, and chains
 * of power events are followed within the full conflicted set.
 */
export const resolveByTheBook = (
  states: readonly StateMap[],
  room: TestRoom,
  events: ReadonlyMap<EventId, Event>,
): StateMap => {
  const book = new Book(room, events);
  const keys = new Set(states.flatMap((state) => [...state.keys()]));
  const unconflicted = new Map<string, EventId>();
  const conflicted = new Set<EventId>();
  for (const key of keys) {
    const ids = new Set(states.map((state) => state.get(key)));
    const [first] = ids;
    if (ids.size === 1) unconflicted.set(key, first!);
    else for (const id of ids) if (id !== undefined) conflicted.add(id);
  }
  if (conflicted.size === 0) return unconflicted;

  const full = new Set([...conflicted, ...book.authDifference(states)]);
  const isNewest = room.rules.stateResolution === 'v2.1';
  if (isNewest) for (const id of book.subgraph(conflicted)) full.add(id);

  const first = book.enlarged(
    [...full].filter((id) => isPower(events.get(id)!)),
    full,
  );
  const start = isNewest ? new Map<string, EventId>() : new Map(unconflicted);
  const partial = book.check(book.byPower(first), start);
  const rest = [...full].filter((id) => !first.has(id));
  const mainline = book.mainline(partial.get(POWER_LEVELS));
  const resolved = book.check(book.byMainline(rest, mainline), partial);
  return new Map([...resolved, ...unconflicted]);
};

const POWER_LEVELS = stateKeyOf('m.room.power_levels', '');

const isPower = (event: Event): boolean =>
  ['m.room.power_levels', 'm.room.join_rules'].includes(event.type) ||
  (event.type === 'm.room.member' &&
    ['leave', 'ban'].includes(event.content.membership as string) &&
    event.sender !== event.stateKey);

class Book {
  readonly #room: TestRoom;
  readonly #events: ReadonlyMap<EventId, Event>;

  constructor(room: TestRoom, events: ReadonlyMap<EventId, Event>) {
    this.#room = room;
    this.#events = events;
  }

  chain(id: EventId): Set<EventId> {
    const found = new Set([id]);
    for (const each of found) for (const next of this.#event(each).authEvents) found.add(next);
    return found;
  }

  authDifference(states: readonly StateMap[]): EventId[] {
    const chains = states.map(
      (state) => new Set([...state.values()].flatMap((id) => [...this.chain(id)])),
    );
    const union = new Set(chains.flatMap((chain) => [...chain]));
    return [...union].filter((id) => !chains.every((chain) => chain.has(id)));
  }

  /** On a path: reached from one of them, and reaching one. */
  subgraph(conflicted: ReadonlySet<EventId>): EventId[] {
    const below = new Set([...conflicted].flatMap((id) => [...this.chain(id)]));
    return [...below].filter((id) => [...this.chain(id)].some((end) => conflicted.has(end)));
  }

  enlarged(ids: readonly EventId[], full: ReadonlySet<EventId>): Set<EventId> {
    const found = new Set(ids);
    for (const id of found) {
      for (const next of this.#event(id).authEvents) if (full.has(next)) found.add(next);
    }
    return found;
  }

  byPower(ids: ReadonlySet<EventId>): Event[] {
    const left = new Set(ids);
    const ordered: Event[] = [];
    while (left.size > 0) {
      const ready = [...left]
        .map((id) => this.#event(id))
        .filter((event) => !event.authEvents.some((id) => left.has(id)));
      const next = ready.toSorted((a, b) => {
        const [ofA, ofB] = [this.#power(a), this.#power(b)];
        return ofA === ofB ? byTime(a, b) : ofA > ofB ? -1 : 1;
      })[0]!;
      left.delete(next.eventId);
      ordered.push(next);
    }
    return ordered;
  }

  mainline(id: EventId | undefined): EventId[] {
    if (id === undefined) return [];
    return [id, ...this.mainline(this.#powerLevelsOf(this.#event(id))?.eventId)];
  }

  byMainline(ids: readonly EventId[], mainline: readonly EventId[]): Event[] {
    const position = (event: Event): number => {
      const before = this.#powerLevelsOf(event);
      if (before === undefined) return mainline.length;
      const at = mainline.indexOf(before.eventId);
      return at < 0 ? position(before) : at;
    };
    return ids
      .map((id) => this.#event(id))
      .toSorted((a, b) => position(b) - position(a) || byTime(a, b));
  }

  check(events: readonly Event[], start: ReadonlyMap<string, EventId>): Map<string, EventId> {
    const state = new Map(start);
    for (const event of events) {
      const get = (type: string, key: string): Event | undefined => {
        const id = state.get(stateKeyOf(type, key));
        if (id !== undefined) return this.#event(id);
        if (type === 'm.room.create' && this.#room.rules.createIsRoomId) return this.#room.create;
        return event.authEvents
          .map((auth) => this.#event(auth))
          .find((auth) => auth.type === type && auth.stateKey === key && !auth.rejected);
      };
      if (!authorize(event, { get }, this.#room.rules).allowed) continue;
      state.set(stateKeyOf(event.type, event.stateKey!), event.eventId);
    }
    return state;
  }

  #event(id: EventId): Event {
    return this.#events.get(id)!;
  }

  #powerLevelsOf(event: Event): Event | undefined {
    return event.authEvents
      .map((id) => this.#event(id))
      .find((auth) => auth.type === 'm.room.power_levels');
  }

  #power(event: Event): number {
    const get = (type: string): Event | undefined =>
      type === 'm.room.create' ? this.#room.create : this.#powerLevelsOf(event);
    return powerLevelOf(event.sender, { get }, this.#room.rules);
  }
}

const byTime = (a: Event, b: Event): number =>
  a.originServerTs - b.originServerTs || (a.eventId < b.eventId ? -1 : 1);

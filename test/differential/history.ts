import { authEventKeys } from '../../server/protocol/auth-events.ts';
import { type Event, stateKeyOf } from '../../server/protocol/event.ts';
import type { EventId, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import {
  type RoomVersion,
  type RoomVersionRules,
  rulesOf,
} from '../../server/protocol/room-versions.ts';
import { type Draft, draftOf, type State, USERS } from './drafts.ts';
import { judge, type Rooms, resolveStates, sealed } from './ours.ts';
import { type Random, seeded } from './random.ts';

/** A room's whole graph, forks and all, with what we make of each event. */
export interface History {
  readonly seed: number;
  readonly version: RoomVersion;
  readonly events: readonly Event[];
  readonly rejected: ReadonlySet<EventId>;
  readonly checks: readonly Check[];
  readonly resolutions: readonly Resolution[];
}

/** Is this event allowed, by the events that it names and by these? */
export interface Check {
  readonly event: Event;
  readonly state: readonly Event[];
  readonly verdict: string | undefined;
}

export interface Resolution {
  readonly sets: readonly State[];
  readonly resolved: State;
}

/** An event in the graph, with the room's state before and after it. */
interface Node {
  readonly event: Event;
  readonly after: State;
}

export function makeHistory(seed: number, version: RoomVersion): History {
  return new Author(seed, version).write();
}

class Author {
  readonly #seed: number;
  readonly #random: Random;
  readonly #rules: RoomVersionRules;
  readonly #nodes: Node[] = [];
  readonly #rejected = new Set<EventId>();
  readonly #checks: Check[] = [];
  readonly #resolutions: Resolution[] = [];
  readonly #rooms: Rooms = { events: new Map() };
  #clock = 1_700_000_000_000;

  constructor(seed: number, version: RoomVersion) {
    this.#seed = seed;
    this.#random = seeded(seed);
    this.#rules = rulesOf(version)!;
  }

  write(): History {
    this.#open();
    const length = 6 + this.#random.integer(22);
    for (let each = 0; each < length; each++) this.#extend();
    for (let each = 0; each < 3; each++) this.#resolveSome();
    return {
      seed: this.#seed,
      version: this.#rules.version,
      events: this.#nodes.map((node) => node.event),
      rejected: this.#rejected,
      checks: this.#checks,
      resolutions: this.#resolutions,
    };
  }

  /** The first events of nearly every room, so that most of what follows is allowed. */
  #open(): void {
    const [alice, bob] = USERS as [UserId, UserId];
    const creator = this.#rules.implicitRoomCreator ? {} : { creator: alice };
    const federate = this.#random.chance(0.05) ? { 'm.federate': false } : {};
    const creators =
      this.#rules.creatorsHaveInfinitePower && this.#random.chance(0.3)
        ? { additional_creators: [bob] }
        : {};
    const content = { room_version: this.#rules.version, ...creator, ...federate, ...creators };
    const state = (type: string, stateKey: string, body: JsonObject, sender = alice): Draft => ({
      type,
      sender,
      stateKey,
      content: body,
    });
    this.#send(state('m.room.create', '', content), []);
    this.#follow(state('m.room.member', alice, { membership: 'join' }));
    if (this.#random.chance(0.85)) {
      this.#follow(state('m.room.power_levels', '', this.#firstLevels()));
    }
    this.#follow(state('m.room.join_rules', '', { join_rule: this.#random.pick(OPENINGS) }));
    for (const user of USERS.slice(1, 1 + this.#random.integer(4))) {
      this.#follow(state('m.room.member', user, { membership: 'join' }, user));
    }
  }

  /** In some rooms one may change levels who is below the defaults of most. */
  #firstLevels(): JsonObject {
    const creator = this.#rules.creatorsHaveInfinitePower ? {} : { [USERS[0]!]: 100 };
    if (this.#random.chance(0.7)) return { users: { ...creator, '@carol:b': 50 } };
    const level = this.#random.pick([-1, 0, 30]);
    return {
      users: { ...creator, '@carol:b': level },
      events: { 'm.room.power_levels': level },
    };
  }

  #follow(draft: Draft): void {
    this.#send(draft, [this.#nodes.at(-1)!]);
  }

  #extend(): void {
    const previous = this.#previous();
    const state = this.#stateAfter(previous);
    const events = this.#nodes.map((node) => node.event);
    this.#send(
      draftOf({ random: this.#random, rules: this.#rules, state, events }),
      previous,
      state,
    );
  }

  /** Mostly the newest event; sometimes an older one, which forks; sometimes two, which joins. */
  #previous(): Node[] {
    const newest = this.#nodes.at(-1)!;
    if (this.#random.chance(0.6)) return [newest];
    const recent = this.#nodes.slice(-8);
    if (this.#random.chance(0.6)) return [this.#random.pick(recent)];
    return [...new Set([this.#random.pick(recent), this.#random.pick(recent)])];
  }

  #stateAfter(nodes: readonly Node[]): State {
    if (nodes.length === 1) return nodes[0]!.after;
    return this.#resolve(nodes.map((node) => node.after));
  }

  #send(draft: Draft, previous: readonly Node[], given?: State): void {
    const before = given ?? (previous.length === 0 ? new Map() : this.#stateAfter(previous));
    const authEvents = this.#authEventsOf(draft, before);
    this.#clock += this.#random.pick([0, 1, 1_000, -500]);
    const event = sealed(
      {
        draft,
        previous: previous.map((node) => node.event),
        authEvents,
        depth: 1 + Math.max(0, ...previous.map((node) => node.event.depth)),
        originServerTs: this.#clock,
        create: this.#nodes[0]?.event,
        number: this.#nodes.length,
      },
      this.#rules,
    );
    if (this.#rooms.events.has(event.eventId)) return; // The same event again is no news.
    this.#add(event, before, authEvents);
  }

  #add(event: Event, before: State, authEvents: readonly Event[]): void {
    const relevant = this.#relevant(event, before);
    const verdicts = [authEvents, relevant].map((state) => {
      const withCreate = this.#withCreate(state);
      const verdict = judge(event, authEvents, withCreate, this.#rules);
      this.#checks.push({ event, state: withCreate, verdict });
      return verdict;
    });
    const refused = verdicts.some((verdict) => verdict !== undefined);
    const known = refused ? { ...event, rejected: true } : event;
    if (refused) this.#rejected.add(event.eventId);
    this.#rooms.events.set(event.eventId, known);
    const after =
      refused || event.stateKey === undefined
        ? before
        : new Map([...before, [stateKeyOf(event.type, event.stateKey), known]]);
    this.#nodes.push({ event: known, after });
  }

  /** What the selection asks for; now and then not quite, for a peer may send anything. */
  #authEventsOf(draft: Draft, state: State): Event[] {
    const chosen = authEventKeys(draft, this.#rules)
      .map(([type, key]) => state.get(stateKeyOf(type, key)))
      .filter((event) => event !== undefined);
    if (chosen.length === 0 || this.#random.chance(0.93)) return chosen;
    // Synapse does not even read an event of version 12 that names the create event.
    const any = () =>
      this.#random.pick(this.#nodes.slice(this.#rules.createIsRoomId ? 1 : 0)).event;
    switch (this.#random.integer(3)) {
      case 0:
        return chosen.filter((_event, index) => index !== this.#random.integer(chosen.length));
      case 1:
        return [...chosen, any()];
      default:
        // Another event of the same key: what somebody behind the times would name.
        return chosen.map((event) => {
          const same = this.#nodes.filter(
            (node) => node.event.type === event.type && node.event.stateKey === event.stateKey,
          );
          return this.#random.chance(0.5) ? this.#random.pick(same).event : event;
        });
    }
  }

  #relevant(event: Event, state: State): Event[] {
    return authEventKeys(event, this.#rules)
      .map(([type, key]) => state.get(stateKeyOf(type, key)))
      .filter((each) => each !== undefined);
  }

  /** Version 12 knows its create event by the room id; the auth rules read it all the same. */
  #withCreate(state: readonly Event[]): Event[] {
    const create = this.#nodes[0]?.event;
    if (!this.#rules.createIsRoomId || create === undefined) return [...state];
    return state.some((event) => event.type === 'm.room.create') ? [...state] : [create, ...state];
  }

  #resolveSome(): void {
    const count = 2 + this.#random.integer(2);
    const sets = Array.from({ length: count }, () => this.#random.pick(this.#nodes).after);
    this.#resolve(sets);
  }

  #resolve(sets: readonly State[]): State {
    const resolved = resolveStates(sets, this.#rooms, this.#rules);
    this.#resolutions.push({ sets, resolved });
    return resolved;
  }
}

const OPENINGS = ['public', 'public', 'public', 'invite', 'knock', 'restricted'];

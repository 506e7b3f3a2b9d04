import type { Event } from '../../protocol/event.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';
import type { AskServers } from './ask-servers.ts';
import { ComingAgain, comeAgain } from './coming-again.ts';
import { parsePdu } from './format.ts';
import { GapPlaces } from './gap-places.ts';
import { GapWalk } from './gap-walk.ts';
import { inOrder } from './in-order.ts';
import { fetchAuthEvents } from './missing-auth.ts';
import type { Received } from './room-receiver.ts';
import { serversInRoom } from './servers-in-room.ts';
import { stateBeforeAsTold } from './told-state.ts';

/** For all that is asked because of one transaction in one room. */
export const GAP_MS_MAX = 20_000;
const ANSWER_MS_MAX = 8_000;
/** What others give at once. */
const EVENTS_AT_ONCE = 20;
const ROUNDS_MAX = 10;
/** Of what is named in one question. */
const LATEST_MAX = 50;
const EARLIEST_MAX = 100;
const FOUND_LENGTH_MAX = 4 * 1_048_576;
/** For so many events of one transaction a state is asked for: those on which no other is built. */
const STATES_MAX = 3;
/** Beside who sent it. */
const OTHERS_MAX = 2;
const AGAIN_KEPT_MAX = 5_000;

/** A PDU that was refused because what it follows, or is authorized by, is not here. */
export interface Lacking {
  readonly eventId: EventId;
  readonly pdu: JsonObject;
  readonly missing: readonly EventId[];
}

/** The state before an event, as its server tells it. */
export type Given = ReadonlyMap<EventId, readonly EventId[]>;

export interface GapPorts {
  readonly building: Building;
  readonly ask: AskServers;
  /** In the room's turn. */
  readonly take: (pdus: readonly JsonObject[], given: Given) => Promise<readonly Received[]>;
  readonly keep: (pdus: readonly JsonObject[]) => Promise<void>;
}

/** Asks those who sent what does not fit for what is between; outside of the room's turn, so that others need not wait for it. */
export class Gaps {
  readonly #places = new GapPlaces();
  /** What is asked for already: whoever misses the same waits for that first. */
  readonly #asked = new Map<string, Promise<unknown>>();
  /** Events. */
  readonly #again = new ComingAgain<EventId>(AGAIN_KEPT_MAX);

  /**
   * What became of them in the end. Throws M_LIMIT_EXCEEDED where there is no place to ask from, or who could tell had too much to do: then it
   * may come again.
   */
  async close(
    room: HotRoom,
    lacking: readonly Lacking[],
    origin: ServerName,
    ports: GapPorts,
  ): Promise<ReadonlyMap<EventId, Received>> {
    const until = Date.now() + GAP_MS_MAX;
    await this.#asBefore(room.roomId, lacking, until);
    const work = () => new Gap(room, { origin, until }, ports).close(lacking);
    const closing = this.#places.run(origin, Math.max(0, until - Date.now()), work);
    const keys = lacking.flatMap(({ missing }) => missing.map((id) => `${room.roomId} ${id}`));
    for (const key of keys) this.#asked.set(key, closing);
    try {
      const { results, isShort } = await closing;
      // All of them are counted: one after the other they would come again twice each.
      const coming = isShort ? lacking.filter((each) => this.#mayComeAgain(each, results)) : [];
      if (coming.length > 0) throw comeAgain();
      return results;
    } finally {
      for (const key of keys) if (this.#asked.get(key) === closing) this.#asked.delete(key);
    }
  }

  #mayComeAgain({ eventId }: Lacking, results: ReadonlyMap<EventId, Received>): boolean {
    const result = results.get(eventId);
    return result?.kind === 'refused' && result.missing !== undefined && this.#again.may(eventId);
  }

  async #asBefore(roomId: RoomId, lacking: readonly Lacking[], until: number): Promise<void> {
    const asked = lacking.flatMap(({ missing }) =>
      missing.flatMap((id) => this.#asked.get(`${roomId} ${id}`) ?? []),
    );
    if (asked.length === 0) return;
    let late: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      late = setTimeout(resolve, Math.max(0, until - Date.now()) / 2).unref();
    });
    await Promise.race([Promise.allSettled(new Set(asked)), enough]);
    clearTimeout(late);
  }
}

interface Closed {
  readonly results: ReadonlyMap<EventId, Received>;
  /** Somebody who may know more did not answer in time, or had too much to do. */
  readonly isShort: boolean;
}

/** One gap in one room, as one server helps to close it. */
class Gap {
  readonly #room: HotRoom;
  readonly #origin: ServerName;
  readonly #until: number;
  readonly #ports: GapPorts;
  readonly #results = new Map<EventId, Received>();
  #isShort = false;

  constructor(
    room: HotRoom,
    { origin, until }: { origin: ServerName; until: number },
    ports: GapPorts,
  ) {
    this.#room = room;
    this.#origin = origin;
    this.#until = until;
    this.#ports = ports;
  }

  async close(lacking: readonly Lacking[]): Promise<Closed> {
    const pdus = new Map(lacking.map(({ eventId, pdu }) => [eventId, pdu]));
    let left = await this.#take(pdus, new Map());
    if (await this.#fetchAuthEvents(left)) left = await this.#take(left, new Map());
    for (const server of this.#servers()) {
      if (left.size === 0 || this.#leftMs === 0) break;
      left = await this.#closeBy(server, left);
    }
    return { results: this.#results, isShort: this.#isShort || this.#leftMs === 0 };
  }

  #fetchAuthEvents(lacking: ReadonlyMap<EventId, JsonObject>): Promise<boolean> {
    const { ask, building, keep } = this.#ports;
    const { store } = building.ports;
    const asking = { ask, keep, store, server: this.#origin, msLeft: () => this.#leftMs };
    const events = [...lacking.values()].flatMap((pdu) => this.#parsed(pdu));
    return fetchAuthEvents(this.#room, events, asking);
  }

  /** Who sent it, and where that does not help others that are in the room: it may have left, or not deal with us. */
  *#servers(): Generator<ServerName> {
    yield this.#origin;
    const { keys, ports } = this.#ports.building;
    const but = new Set([this.#origin, ports.identity.serverName]);
    yield* serversInRoom(this.#room, keys)
      .filter((each) => !but.has(each))
      .slice(0, OTHERS_MAX);
  }

  /** Answers those that still lack something. */
  async #closeBy(
    server: ServerName,
    lacking: ReadonlyMap<EventId, JsonObject>,
  ): Promise<Map<EventId, JsonObject>> {
    let left = await this.#take(await this.#walkBack(server, lacking), new Map());
    for (let states = 0; states < STATES_MAX && left.size > 0 && this.#leftMs > 0; states++) {
      const first = this.#firstOf(left);
      const state = first && (await this.#stateBefore(server, first));
      if (!first || !state) break;
      left = await this.#take(left, new Map([[first.eventId, state]]));
    }
    return left;
  }

  get #leftMs(): number {
    return Math.max(0, Math.min(this.#until - Date.now(), ANSWER_MS_MAX));
  }

  /** Answers those that still lack something. */
  async #take(
    pdus: ReadonlyMap<EventId, JsonObject>,
    given: Given,
  ): Promise<Map<EventId, JsonObject>> {
    const received = await this.#ports.take([...pdus.values()], given);
    const left = new Map<EventId, JsonObject>();
    [...pdus].forEach(([eventId, pdu], index) => {
      const result = received[index]!;
      this.#results.set(eventId, result);
      if (result.kind === 'refused' && result.missing) left.set(eventId, pdu);
    });
    return left;
  }

  /**
   * These and what comes before them, page by page, until it meets what is here. Asked is only from where it breaks off, and not for what
   * was met already: a server gives 20 at once, whatever they are. What is older than all that the room shows is history
   * from before somebody of ours was in it: as an event of now it would be told to everybody.
   */
  async #walkBack(
    server: ServerName,
    lacking: ReadonlyMap<EventId, JsonObject>,
  ): Promise<ReadonlyMap<EventId, JsonObject>> {
    const found = new Map(lacking);
    const walk = new GapWalk();
    for (const pdu of lacking.values()) walk.found(this.#parsed(pdu));
    const met = new Set(this.#room.head.extremities.map(({ eventId }) => eventId));
    const minDepth =
      (await this.#ports.building.ports.store.depthOfFirst(this.#room.nid)) ?? Infinity;
    let length = 0;
    for (let round = 0; round < ROUNDS_MAX && this.#leftMs > 0; round++) {
      const latest = await this.#withoutDescent(walk, met);
      if (latest.length === 0) return found;
      const [earliest, limit] = [[...met].slice(-EARLIEST_MAX), EVENTS_AT_ONCE];
      const asked = { roomId: this.#room.roomId, latest, earliest, minDepth, limit };
      const told = await this.#ports.ask.missingEvents(server, {
        ...{ ...asked, withinMs: this.#leftMs },
      });
      const events = this.#known(told, []).flatMap((pdu) => this.#parsed(pdu));
      const fresh = events.filter(({ eventId, depth }) => depth >= minDepth && !found.has(eventId));
      for (const { eventId, pdu } of fresh) found.set(eventId, pdu);
      walk.found(fresh);
      length += fresh.reduce((sum, { pdu }) => sum + JSON.stringify(pdu).length, 0);
      if (fresh.length === 0 || length > FOUND_LENGTH_MAX) return found;
    }
    return found;
  }

  /** Those that follow something which is neither here nor among what was found; notes what is here. */
  async #withoutDescent(walk: GapWalk, met: Set<EventId>): Promise<readonly EventId[]> {
    const { store } = this.#ports.building.ports;
    const placed = await store.placedEvents(this.#room.nid, walk.open);
    const here = placed.map(({ eventId }) => eventId);
    for (const id of here) met.add(id);
    return walk.next(new Set(here), LATEST_MAX);
  }

  #parsed(pdu: JsonObject): Event[] {
    const parsed = parsePdu(pdu, this.#room);
    return parsed.ok ? [parsed.value] : [];
  }

  #firstOf(pdus: ReadonlyMap<EventId, JsonObject>): Event | undefined {
    return inOrder([...pdus.values()].flatMap((pdu) => this.#parsed(pdu)))[0];
  }

  /** What it does not tell now is nothing, for now. */
  #known<T, U>(told: T | 'not now' | undefined, otherwise: U): T | U {
    if (told === 'not now') this.#isShort = true;
    return told === undefined || told === 'not now' ? otherwise : told;
  }

  async #stateBefore(server: ServerName, event: Event): Promise<readonly EventId[] | undefined> {
    const { ask, building, keep } = this.#ports;
    const { store } = building.ports;
    const msLeft = () => this.#leftMs;
    const asking = { ask, store, server, msLeft, keep };
    return this.#known(await stateBeforeAsTold(this.#room, event, asking), undefined);
  }
}

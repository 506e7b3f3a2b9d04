import { ForAWhile } from '../../log/for-a-while.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { hasStranger } from '../memory/members-of-server.ts';
import { compare, pageOf } from '../read/page.ts';
import type { RoomReads } from '../read/room-reads.ts';
import type { Break, Page, PageRequest } from '../room.ts';
import type { Place, TimelineGap } from '../store.ts';
import type { Building } from '../write/building.ts';
import type { AskServers } from './ask-servers.ts';
import { EarlierPlaces } from './earlier-places.ts';
import { parsePdu } from './format.ts';
import { inOrder } from './in-order.ts';
import type { Receiving } from './receiving.ts';
import { serversInRoom } from './servers-in-room.ts';
import { stateBeforeAsTold } from './told-state.ts';

/** For one page. */
const ROUNDS_MAX = 5;
const PAGE_MS_MAX = 20_000;
/** For one fill. */
const FILL_MS_MAX = 15_000;
const ANSWER_MS_MAX = 8_000;
const SERVERS_MAX = 3;
const EVENTS_AT_ONCE = 100;
const FROM_MAX = 20;
const STATES_MAX = 3;
/** In one turn of the room: others have theirs in between. */
const TAKEN_AT_ONCE = 20;
/** What nobody gave; where nobody answered; a server that was of no use. */
const IN_VAIN_MS = 5 * 60_000;
const UNANSWERED_MS = 60_000;
const USELESS_MS = 60_000;
const IN_VAIN_MAX = 10_000;
const USELESS_MAX = 1_000;
/** At once, where a gap is looked into from behind for who pages forth. */
const LOOKED_INTO_AT_ONCE = 100;
const LOOKED_INTO_MAX = 10_000;
const LAST: Place = { depth: Number.MAX_SAFE_INTEGER, nid: Number.MAX_SAFE_INTEGER };

/** What became of one question: something came in; nothing did; or it was not asked, and may be later. */
type Outcome = 'found' | 'nothing' | 'later';

interface Asked {
  readonly server: ServerName;
  /** For its next answer. */
  readonly msLeft: () => number;
}

interface Asking {
  readonly ask: AskServers;
  readonly untilMs: number;
}

/** Pages of a room that go on behind what this server has of it: see "Earlier history" in the README. */
export class EarlierHistory {
  readonly #building: Building;
  readonly #reads: RoomReads;
  readonly #receiving: Receiving;
  readonly #places = new EarlierPlaces();
  readonly #atWork = new Map<RoomId, Promise<Outcome>>();
  readonly #inVain = new ForAWhile<EventId>(IN_VAIN_MAX);
  readonly #useless = new ForAWhile<ServerName>(USELESS_MAX);
  /** By the number of the event behind it. */
  readonly #lookedInto = new ForAWhile<number>(LOOKED_INTO_MAX);

  constructor(building: Building, reads: RoomReads, receiving: Receiving) {
    this.#building = building;
    this.#reads = reads;
    this.#receiving = receiving;
  }

  page(opened: HotRoom, request: PageRequest): Promise<Page> {
    const { ports, keys } = this.#building;
    const { askServers: ask, identity } = ports;
    // Of who is alone in a room nobody can be asked, and nothing is looked for that is missing.
    if (!ask || request.limit === 0 || !hasStranger(opened, keys, identity.serverName))
      return pageOf(opened, this.#reads, request);
    const asking = { ask, untilMs: performance.now() + PAGE_MS_MAX };
    return request.direction === 'f'
      ? this.#forth(opened, request, asking)
      : this.#back(opened, request, asking);
  }

  async #back(opened: HotRoom, request: PageRequest, { ask, untilMs }: Asking): Promise<Page> {
    let room: HotRoom | undefined = opened;
    for (let rounds = 0; ; rounds++) {
      const page = await pageOf(room, this.#reads, { ...request, seeksBreaks: true });
      const open = (page.brokenOff ?? []).filter(this.#isOpen);
      if (open.length === 0) return page;
      const isOver = rounds === ROUNDS_MAX || performance.now() > untilMs;
      const outcome = isOver ? 'later' : await this.#fill(room, open, { ask, request });
      // Of some it is found out then that nobody gives them, and there may be others.
      if (outcome === 'nothing' && open.every(this.#isOpen)) return page;
      room = await this.#building.rooms.get(opened.roomId);
      if (outcome === 'later' || !room?.isCommitted) return upToBreak(page, open);
    }
  }

  readonly #isOpen = ({ eventId }: Break): boolean => !this.#inVain.has(eventId);

  /** Events are known by what follows them, so a gap is filled from behind; where that takes too long the page ends before it. */
  async #forth(opened: HotRoom, request: PageRequest, asking: Asking): Promise<Page> {
    for (let room = opened; ; ) {
      const page = await pageOf(room, this.#reads, request);
      const upTo = page.isLast ? (request.to ?? LAST) : page.end;
      const { store } = this.#building.ports;
      const gaps = await store.timelineGaps({ roomNid: room.nid, after: request.from, upTo });
      const gap = gaps.find(({ nid }) => !this.#lookedInto.has(nid));
      if (!gap) return page;
      if (!(await this.#lookInto(room, gap, request, asking))) return upToGap(page, gap, request);
      this.#lookedInto.add(gap.nid, IN_VAIN_MS);
      const again = await this.#building.rooms.get(opened.roomId);
      if (!again?.isCommitted) return upToGap(page, gap, request);
      room = again;
    }
  }

  /** Whether all is here then that anybody gives. */
  async #lookInto(
    room: HotRoom,
    { depth, nid, ...gap }: TimelineGap,
    { reader }: PageRequest,
    asking: Asking,
  ): Promise<boolean> {
    const to = { depth: gap.depthBefore, nid: gap.nidBefore };
    const request = {
      reader,
      seesAll: true,
      to,
      direction: 'b',
      limit: LOOKED_INTO_AT_ONCE,
    } as const;
    for (let from: Place = { depth, nid: nid - 1 }; performance.now() < asking.untilMs; ) {
      const page = await this.#back(room, { ...request, from }, asking);
      if (page.isLast) return true;
      if (compare(page.end, from) >= 0) return false;
      from = page.end;
    }
    return false;
  }

  async #fill(
    room: HotRoom,
    open: readonly Break[],
    { ask, request }: { ask: AskServers; request: PageRequest },
  ): Promise<Outcome> {
    const { roomId } = room;
    const before = this.#atWork.get(roomId);
    // What that found out is seen by looking again.
    if (before) return before.then(() => 'found');
    const servers = this.#serversOf(room);
    if (servers.length === 0) return 'nothing';
    const filling = this.#places.run(request.reader, () => this.#ask(room, open, { ask, servers }));
    if (!filling) return 'later';
    this.#atWork.set(roomId, filling);
    return filling.finally(() => this.#atWork.delete(roomId));
  }

  /** Those with most users in the room first; none where nobody of ours is in it, or its members are not here yet. */
  #serversOf(room: HotRoom): readonly ServerName[] {
    if (room.isPartial) return [];
    const { keys, ports } = this.#building;
    const all = serversInRoom(room, keys);
    const { serverName } = ports.identity;
    if (!all.includes(serverName)) return [];
    const useful = all.filter((name) => name !== serverName && !this.#useless.has(name));
    return useful.slice(0, SERVERS_MAX);
  }

  async #ask(
    room: HotRoom,
    open: readonly Break[],
    { ask, servers }: { ask: AskServers; servers: readonly ServerName[] },
  ): Promise<Outcome> {
    const untilMs = performance.now() + FILL_MS_MAX;
    const from = open.slice(0, FROM_MAX).map(({ eventId }) => eventId);
    const msLeft = () => Math.max(0, Math.min(untilMs - performance.now(), ANSWER_MS_MAX));
    let isAnswered = false;
    for (const server of servers) {
      const withinMs = msLeft();
      if (withinMs === 0) break;
      const asked = { roomId: room.roomId, from, limit: EVENTS_AT_ONCE, withinMs };
      const told = await ask.backfill(server, asked);
      if (!told) {
        this.#useless.add(server, USELESS_MS);
        continue;
      }
      isAnswered = true;
      const outcome = await this.#take(room, from, told, { ask, asked: { server, msLeft } });
      if (outcome !== 'nothing') return outcome;
    }
    this.#noteInVain(from, isAnswered ? IN_VAIN_MS : UNANSWERED_MS);
    return 'nothing';
  }

  async #take(
    room: HotRoom,
    from: readonly EventId[],
    told: readonly JsonObject[],
    { ask, asked }: { ask: AskServers; asked: Asked },
  ): Promise<Outcome> {
    const events = await this.#newOf(room, from, told);
    try {
      const given = await this.#statesBefore(room, events, { ask, asked });
      for (let at = 0; at < events.length; at += TAKEN_AT_ONCE) {
        const pdus = events.slice(at, at + TAKEN_AT_ONCE).map(({ pdu }) => pdu);
        const { server: origin } = asked;
        await this.#receiving.takeEarlier(room.roomId, pdus, { origin, given });
      }
    } catch (error) {
      // Too much of that server waits, or the room is gone.
      if (error instanceof MatrixError) return 'later';
      throw error;
    }
    const ids = [...from, ...events.map(({ eventId }) => eventId)];
    const placed = await this.#placed(room, ids);
    if (!events.some(({ eventId }) => placed.has(eventId))) return 'nothing';
    const left = from.filter((id) => !placed.has(id));
    this.#noteInVain(left, IN_VAIN_MS);
    return 'found';
  }

  /** Of what was told the descent of what was asked for, as far as it has no place here; each behind what it follows. */
  async #newOf(
    room: HotRoom,
    from: readonly EventId[],
    told: readonly JsonObject[],
  ): Promise<readonly Event[]> {
    const events = told.flatMap((pdu) => {
      const parsed = parsePdu(pdu, room);
      return parsed.ok ? [[parsed.value.eventId, parsed.value] as const] : [];
    });
    const byId = new Map(events);
    for (const eventId of await this.#placed(room, [...byId.keys()])) byId.delete(eventId);
    const found = new Map<EventId, Event>();
    for (const wanted = [...from]; wanted.length > 0; ) {
      const event = byId.get(wanted.pop()!);
      if (!event || found.has(event.eventId)) continue;
      found.set(event.eventId, event);
      wanted.push(...event.prevEvents);
    }
    return inOrder(found.values());
  }

  /** Of those that follow something that is neither here nor told. */
  async #statesBefore(
    room: HotRoom,
    events: readonly Event[],
    { ask, asked }: { ask: AskServers; asked: Asked },
  ): Promise<ReadonlyMap<EventId, readonly EventId[]>> {
    const { server } = asked;
    const own = new Set(events.map(({ eventId }) => eventId));
    const outside = events.flatMap(({ prevEvents }) => prevEvents).filter((id) => !own.has(id));
    const placed = await this.#placed(room, [...new Set(outside)]);
    const isOpen = (id: EventId) => !own.has(id) && !placed.has(id);
    const first = events.filter(({ prevEvents }) => prevEvents.some(isOpen)).slice(0, STATES_MAX);
    const keep = (pdus: readonly JsonObject[]) => this.#receiving.keepOutliers(room, pdus, server);
    const given = new Map<EventId, readonly EventId[]>();
    for (const event of first) {
      const { store } = this.#building.ports;
      const state = await stateBeforeAsTold(room, event, { ...asked, ask, store, keep });
      if (state && state !== 'not now') given.set(event.eventId, state);
    }
    return given;
  }

  async #placed(room: HotRoom, ids: readonly EventId[]): Promise<ReadonlySet<EventId>> {
    if (ids.length === 0) return new Set();
    const found = await this.#building.ports.store.placedEvents(room.nid, ids);
    return new Set(found.map(({ eventId }) => eventId));
  }

  #noteInVain(ids: readonly EventId[], forMs: number): void {
    for (const id of ids) this.#inVain.add(id, forMs);
  }
}

/** What is missing may come yet, and has its place behind the first event that follows it: the next page begins there. */
function upToBreak(page: Page, open: readonly Break[]): Page {
  const at = open
    .map(({ followedBy }) => followedBy)
    .reduce((a, b) => (compare(a, b) >= 0 ? a : b));
  const events = page.events.filter(({ event }) => compare(event, at) >= 0);
  return { ...page, events, end: { depth: at.depth, nid: at.nid - 1 }, isLast: false };
}

/** The next page begins before all that may come in between. */
function upToGap(page: Page, gap: TimelineGap, { from }: PageRequest): Page {
  const before = { depth: gap.depthBefore, nid: gap.nidBefore };
  const events = page.events.filter(({ event }) => compare(event, before) <= 0);
  return { ...page, events, end: compare(before, from) > 0 ? before : from, isLast: false };
}

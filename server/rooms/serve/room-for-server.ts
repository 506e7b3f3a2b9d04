import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import { forbidden, notFound } from '../../protocol/matrix-error.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { pduText, roomEventOf } from '../read/stored-event.ts';
import type { Moment } from '../room.ts';
import { EMPTY_STATE_NID } from '../state/state-chain.ts';
import type { StoredEvent } from '../store.ts';
import { AuthChain, READ_AT_ONCE } from './auth-chain.ts';
import { fewMembers, serversIn } from './first-look.ts';
import { refuseByAcl, refusePartial } from './refuse-server.ts';
import { type ServerStanding, standingOf } from './server-standing.ts';
import { hiddenByErasure, shownToServer } from './shown-to-server.ts';
import { walkBack } from './walk-back.ts';

/** Where history visibility lets nothing through, how much is read. */
const NEAREST_READ_MAX = 200;
const NEAREST_AT_ONCE = 50;

/** Whoever never was in the room is told the same, whether there is one or not. */
export async function openForServer(
  room: HotRoom | undefined,
  reads: RoomReads,
  server: ServerName,
): Promise<RoomForServer> {
  if (!room?.isCommitted) throw notInRoom(server);
  refusePartial(room);
  const standing = await standingOf(room, reads, server);
  if (standing.lastJoin === 0) throw notInRoom(server);
  await refuseByAcl(room, reads, server);
  return new RoomForServer(room, reads, standing);
}

const notInRoom = (server: ServerName) => forbidden(`${server} is not in the room`);

/** A room as another server that has, or had, part in it may look into it. Texts are PDUs, as they were signed. */
export class RoomForServer {
  readonly #room: HotRoom;
  readonly #reads: RoomReads;
  readonly #standing: ServerStanding;

  constructor(room: HotRoom, reads: RoomReads, standing: ServerStanding) {
    this.#room = room;
    this.#reads = reads;
    this.#standing = standing;
  }

  async event(eventId: EventId): Promise<string> {
    const stored = await this.#known(eventId);
    const [pdu] = await this.#told([stored]);
    if (pdu === undefined) throw notForThem(eventId);
    return pdu;
  }

  /** The events before these, and these themselves, newest first. */
  async backfill(from: readonly EventId[], limit: number): Promise<string[]> {
    return this.#told(await this.#walk({ from, limit }));
  }

  /** What lies before `latest` and not before `earliest`, oldest first. */
  async missing(wish: {
    latest: readonly EventId[];
    earliest: readonly EventId[];
    depthMin: number;
    limit: number;
  }): Promise<string[]> {
    const { latest, earliest, depthMin, limit } = wish;
    const from = latest.filter((id) => !earliest.includes(id));
    const walked = await this.#walk({ from, past: earliest, limit: limit + from.length });
    const between = walked.filter((each) => !from.includes(each.eventId) && each.depth >= depthMin);
    return (await this.#told(between.slice(0, limit))).reverse();
  }

  /** Both are read on as they are asked for. */
  async stateBefore(eventId: EventId): Promise<StateForServer> {
    const { stateBefore } = await this.#seen(eventId);
    if (stateBefore === null) throw notFound(`The state at ${eventId} is not known here`);
    const nids = [...(await this.#numberedState(stateBefore)).values()];
    const chain = this.#chain();
    return {
      count: nids.length,
      state: () => this.#texts(this.#stateEvents(nids, chain)),
      authChain: () => this.#texts(chain.read()),
      stateIds: () => ids(this.#stateEvents(nids, chain)),
      authChainIds: () => ids(chain.read()),
    };
  }

  /** What a server is given whose user has joined by this event. */
  async entry(eventId: EventId, { withoutMembers }: { withoutMembers: boolean }): Promise<Entry> {
    const stored = await this.#known(eventId);
    const { stateBefore } = stored;
    if (stateBefore === null) throw notFound(`The state at ${eventId} is not known here`);
    const state = await this.#numberedState(stateBefore);
    const nids = withoutMembers
      ? await fewMembers(this.#room, this.#reads.keys, state)
      : [...state.values()];
    const chain = this.#chain();
    chain.under([stored]);
    const [event] = await this.#told([stored]);
    return {
      ...{ event: event!, count: nids.length },
      servers: serversIn(
        this.#room,
        this.#reads.keys,
        roomEventOf(stored, this.#room.rules).sender,
      ),
      state: () => this.#texts(this.#stateEvents(nids, chain)),
      authChain: () => this.#texts(chain.read()),
    };
  }

  async authChainOf(eventId: EventId): Promise<AsyncIterable<readonly string[]>> {
    const chain = this.#chain();
    chain.under([await this.#seen(eventId)]);
    return this.#texts(chain.read());
  }

  /** The event nearest to a moment, of those that are not hidden. */
  async nearestEvent({ ts, direction }: Moment): Promise<StoredMoment | undefined> {
    const query = { roomNid: this.#room.nid, ts, direction, limit: NEAREST_AT_ONCE };
    for (let skip = 0; skip < NEAREST_READ_MAX; skip += NEAREST_AT_ONCE) {
      const stored = await this.#reads.store.eventsNear({ ...query, skip });
      const shown = await shownToServer(this.#room, this.#reads, this.#standing, stored);
      const nearest = shown.find(({ isHidden }) => !isHidden)?.stored;
      if (nearest) return momentOf(roomEventOf(nearest, this.#room.rules));
      if (stored.length < NEAREST_AT_ONCE) return undefined;
    }
    return undefined;
  }

  /** What the auth rules refused is nobody else's business. */
  async #walk(walk: Parameters<typeof walkBack>[2]): Promise<StoredEvent[]> {
    const walked = await walkBack(this.#room, this.#reads.store, walk);
    return walked.filter(({ rejected }) => !rejected);
  }

  async #told(stored: readonly StoredEvent[]): Promise<string[]> {
    const shown = await shownToServer(this.#room, this.#reads, this.#standing, stored);
    return shown.map((each) => pduText(each.stored, this.#room.rules, each.isHidden));
  }

  async #known(eventId: EventId): Promise<StoredEvent> {
    const stored = await this.#reads.store.eventById(eventId);
    if (stored?.roomNid === this.#room.nid && !stored.rejected) return stored;
    throw notFound(`There is no ${eventId} here`);
  }

  /** A server that has left looks at the room as it was while it was there. */
  async #seen(eventId: EventId): Promise<StoredEvent> {
    const stored = await this.#known(eventId);
    const [shown] = await shownToServer(this.#room, this.#reads, this.#standing, [stored]);
    if (shown === undefined) throw notForThem(eventId);
    return stored;
  }

  async #numberedState(stateNid: number): Promise<ReadonlyMap<number, number>> {
    if (stateNid === EMPTY_STATE_NID) return new Map();
    if (stateNid === this.#room.stateNid) return this.#room.state;
    return (await this.#reads.storedState(stateNid)).toMap();
  }

  #chain(): AuthChain {
    return new AuthChain(this.#room, this.#reads.store);
  }

  async *#stateEvents(nids: readonly number[], chain: AuthChain): AsyncGenerator<StoredEvent[]> {
    for (let at = 0; at < nids.length; at += READ_AT_ONCE) {
      const stored = await this.#reads.store.eventsByNid(nids.slice(at, at + READ_AT_ONCE));
      chain.under(stored);
      yield [...stored];
    }
  }

  async *#texts(pieces: AsyncIterable<readonly StoredEvent[]>): AsyncGenerator<string[]> {
    const { rules } = this.#room;
    for await (const stored of pieces) {
      const events = stored.map((each) => roomEventOf(each, rules));
      const hidden = await hiddenByErasure(this.#reads, events);
      yield stored.map((each, index) => pduText(each, rules, hidden.has(events[index]!)));
    }
  }
}

/** The auth chain is known when the state was read. In pieces. */
export interface StateForServer {
  readonly count: number;
  readonly state: () => AsyncIterable<readonly string[]>;
  readonly authChain: () => AsyncIterable<readonly string[]>;
  readonly stateIds: () => AsyncIterable<readonly EventId[]>;
  readonly authChainIds: () => AsyncIterable<readonly EventId[]>;
}

export interface Entry extends Pick<StateForServer, 'count' | 'state' | 'authChain'> {
  /** As it was signed, also by this server where that let them in. */
  readonly event: string;
  /** Those that had somebody in the room. */
  readonly servers: readonly ServerName[];
}

interface StoredMoment {
  readonly eventId: EventId;
  readonly originServerTs: number;
}

const momentOf = ({ eventId, originServerTs }: StoredMoment): StoredMoment => ({
  eventId,
  originServerTs,
});

async function* ids(pieces: AsyncIterable<readonly StoredEvent[]>): AsyncGenerator<EventId[]> {
  for await (const stored of pieces) yield stored.map(({ eventId }) => eventId);
}

const notForThem = (eventId: EventId) => forbidden(`${eventId} is not for your server to see`);

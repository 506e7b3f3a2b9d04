import { madeInBreaths, withBreaths } from '../../log/breaths.ts';
import { stateKeyOf } from '../../protocol/event.ts';
import type { EventId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { lastDeparture } from '../membership/last-departure.ts';
import type { Membership, PastMembership } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { EarlierHistory } from '../receive/earlier-history.ts';
import { relatedBy } from '../relations/related-by.ts';
import { threadsIn } from '../relations/threads-in.ts';
import { withRelations } from '../relations/with-relations.ts';
import type {
  Moment,
  Page,
  PageRequest,
  RelatedBy,
  Room,
  StateKeyTest,
  Threads,
  ThreadsRequest,
  Timeline,
} from '../room.ts';
import type { RoomEvent } from '../room-event.ts';
import type { RelationsReader, SeenEvent } from '../seen-event.ts';
import type { Place } from '../store.ts';
import { changesTold, type PlainChange } from './changes-told.ts';
import { isNobodyErased, withoutErased } from './erased.ts';
import { nearestEvent } from './nearest-event.ts';
import { pageOf } from './page.ts';
import type { RoomReads } from './room-reads.ts';
import { visibleTo } from './visibility.ts';

/** A room in memory as readers may see it: what is committed, and nothing else. */
export class RoomView implements Room {
  readonly #room: HotRoom;
  readonly #reads: RoomReads;
  readonly #earlier: EarlierHistory | undefined;

  constructor(room: HotRoom, reads: RoomReads, earlier?: EarlierHistory) {
    this.#room = room;
    this.#reads = reads;
    this.#earlier = earlier;
  }

  get nid(): number {
    return this.#room.nid;
  }
  get roomId() {
    return this.#room.roomId;
  }
  get version(): string {
    return this.#room.rules.version;
  }
  get lastPosition(): number {
    return this.#room.lastPosition;
  }
  get isPartial(): boolean {
    return this.#room.isPartial;
  }
  get wholeAt(): number {
    return this.#room.wholeAt;
  }
  get joinedCount(): number {
    return this.#room.members.count('join');
  }
  get invitedCount(): number {
    return this.#room.members.count('invite');
  }

  get stateMark(): string {
    return `${this.nid} ${this.#room.stateNid} ${this.#reads.events.changes}`;
  }

  showsAllTo(userId: UserId): Promise<boolean> {
    return isNobodyErased(this.#room, this.#reads, userId);
  }

  membershipOf(userId: UserId): Membership | undefined {
    const key = this.#reads.keys.find('m.room.member', userId);
    return key && this.#room.members.get(key.keyNid);
  }

  *members(membership: Membership): Generator<UserId> {
    for (const keyNid of this.#room.members.keys(membership))
      yield this.#reads.keys.byNid(keyNid).stateKey as UserId;
  }

  async stateEvent(type: string, stateKey: string): Promise<RoomEvent | undefined> {
    const key = this.#reads.keys.find(type, stateKey);
    const nid = key && this.#room.state.get(key.keyNid);
    return nid === undefined ? undefined : (await this.#load([nid]))[0];
  }

  state(only?: StateKeyTest): Promise<RoomEvent[]> {
    return this.#load(this.#narrowed(this.#room.state, only));
  }

  async stateAt(position: number, only?: StateKeyTest): Promise<RoomEvent[]> {
    const upTo = this.#room.lastPosition;
    const now = new Map(this.#room.state);
    const undone = await this.#changes({ after: position, upTo });
    for (const change of undone.toReversed()) {
      if (change.replacedNid === null) now.delete(change.keyNid);
      else now.set(change.keyNid, change.replacedNid);
    }
    return this.#load(this.#narrowed(now, only));
  }

  async stateEventsAt(
    position: number,
    keys: readonly (readonly [type: string, stateKey: string])[],
  ): Promise<RoomEvent[]> {
    const { state, lastPosition: upTo } = this.#room;
    const at = new Map<number, number | null | undefined>();
    for (const [type, stateKey] of keys) {
      const key = this.#reads.keys.find(type, stateKey);
      if (key) at.set(key.keyNid, state.get(key.keyNid));
    }
    for (const { keyNid, replacedNid } of (
      await this.#changes({ after: position, upTo })
    ).toReversed())
      if (at.has(keyNid)) at.set(keyNid, replacedNid);
    return this.#load([...at.values()].filter((nid) => typeof nid === 'number'));
  }

  async stateAfter(event: RoomEvent, only?: StateKeyTest): Promise<RoomEvent[]> {
    if (event.stateAfter === undefined) return [];
    if (event.stateAfter === this.#room.stateNid) return this.state(only);
    const state = (await this.#reads.storedState(event.stateAfter)).toMap();
    await this.#reads.keys.learnNids([...state.keys()]);
    return this.#load(this.#narrowed(state, only));
  }

  async stateEventsAfter(
    event: RoomEvent,
    keys: readonly (readonly [type: string, stateKey: string])[],
  ): Promise<RoomEvent[]> {
    if (event.stateAfter === undefined) return [];
    await this.#reads.keys.learn(keys.map(([type, stateKey]) => ({ type, stateKey })));
    const isNow = event.stateAfter === this.#room.stateNid;
    const state = isNow ? this.#room.state : await this.#reads.storedState(event.stateAfter);
    const nids = keys.flatMap(([type, stateKey]) => {
      const key = this.#reads.keys.find(type, stateKey);
      return (key && state.get(key.keyNid)) ?? [];
    });
    return this.#load(nids);
  }

  async stateDelta(
    range: { after: number; upTo: number },
    only?: StateKeyTest,
  ): Promise<RoomEvent[]> {
    const newest = new Map<number, number>();
    for (const change of await this.#changes(range)) {
      if (change.eventNid === null) newest.delete(change.keyNid);
      else newest.set(change.keyNid, change.eventNid);
    }
    return this.#load(this.#narrowed(newest, only));
  }

  async timeline(range: { after: number; upTo: number; limit: number }): Promise<Timeline> {
    const wanted = { ...range, limit: range.limit + 1 };
    const events = this.#room.timeline.newest(wanted) ?? (await this.#storedTimeline(wanted));
    const limited = events.length > range.limit;
    return { events: limited ? events.slice(1) : events, limited };
  }

  toldToAll(range: { after: number; upTo: number }): readonly RoomEvent[] | undefined {
    const { timeline, relations, isPartial } = this.#room;
    if (isPartial || this.#reads.retention) return undefined;
    const events = timeline.newest({ ...range, limit: TOLD_TO_ALL_MAX + 1 });
    const isPlain = (event: RoomEvent) =>
      event.stateKey === undefined &&
      event.replacesNid === undefined &&
      event.position !== 0 &&
      !event.isRefused &&
      !event.isAfterGap &&
      relations.isAlone(event) === true;
    return events && events.length <= TOLD_TO_ALL_MAX && events.every(isPlain) ? events : undefined;
  }

  async event(eventId: EventId): Promise<RoomEvent | undefined> {
    const recent = this.#room.timeline.byId(eventId);
    if (recent) return recent;
    const event = await this.#reads.events.byId(this.#room.rules, eventId);
    return event?.roomId === this.roomId ? event : undefined;
  }

  async events(eventIds: readonly EventId[]): Promise<RoomEvent[]> {
    const recent = eventIds.flatMap((each) => this.#room.timeline.byId(each) ?? []);
    const known = new Set(recent.map((event) => event.eventId));
    const missing = eventIds.filter((each) => !known.has(each));
    if (missing.length === 0) return recent;
    const found = await this.#reads.events.byIds(this.#room.rules, missing);
    return [...recent, ...found.filter((event) => event.roomId === this.roomId)];
  }

  federationForms(events: readonly RoomEvent[]): Promise<RoomEvent[]> {
    return this.#reads.events.federationForms(this.#room.rules, events);
  }

  visibleTo(userId: UserId, events: readonly RoomEvent[]): Promise<SeenEvent[]> {
    return visibleTo(this.#room, this.#reads, userId, events);
  }

  shownTo(userId: UserId, state: readonly RoomEvent[]): Promise<RoomEvent[]> {
    return withoutErased(this.#room, this.#reads, userId, state);
  }

  withRelations(
    reader: RelationsReader,
    seen: readonly SeenEvent[],
  ): Promise<readonly SeenEvent[]> {
    return withRelations(this.#room, this.#reads, reader, seen);
  }

  relatedBy(
    reader: UserId,
    events: readonly RoomEvent[],
    by: RelatedBy | undefined,
  ): Promise<readonly RoomEvent[]> {
    return relatedBy(this.#room, this.#reads, reader, events, by);
  }

  membershipHistory(userId: UserId): Promise<readonly PastMembership[]> {
    return this.#reads.membershipHistory(userId, this.#room);
  }

  async departureOf(userId: UserId): Promise<RoomEvent | undefined> {
    const history = await this.#reads.membershipHistory(userId, this.#room);
    const departure = lastDeparture(history);
    return departure && (await this.#load([departure.eventNid]))[0];
  }

  page(request: PageRequest): Promise<Page> {
    return pageOf(this.#room, this.#reads, request);
  }

  history(request: PageRequest): Promise<Page> {
    return this.#earlier?.page(this.#room, request) ?? this.page(request);
  }

  threads(request: ThreadsRequest): Promise<Threads> {
    return threadsIn(this.#room, this.#reads, request);
  }

  nearestEvent(reader: UserId, moment: Moment): Promise<RoomEvent | undefined> {
    return nearestEvent(this.#room, this.#reads, reader, moment);
  }

  async placeAt(position: number): Promise<Place> {
    return (await this.#reads.store.placeAt(this.nid, position)) ?? FIRST;
  }

  async upperEdge(position: number): Promise<Place> {
    return (await this.#reads.store.deepestUpTo(this.nid, position)) ?? FIRST;
  }

  async lowerEdge(position: number): Promise<Place> {
    const below = await this.placeAt(position);
    const found = await this.#reads.store.shallowestBehind(this.nid, { position, below });
    return found ? { depth: found.depth, nid: found.nid - 1 } : below;
  }

  async eventBefore({ depth, nid }: Place): Promise<RoomEvent | undefined> {
    const begun = this.#reads.events.beginRead();
    const [stored] = await this.#reads.store.pageOfRoom({
      roomNid: this.nid,
      // A place lies just behind its event.
      from: { depth, nid: nid + 1 },
      direction: 'b',
      limit: 1,
      types: null,
      senders: null,
    });
    return stored && this.#reads.eventOf(stored, this.#room.rules, begun);
  }

  async firstMember(): Promise<RoomEvent | undefined> {
    const begun = this.#reads.events.beginRead();
    const [stored] = await this.#reads.store.pageOfRoom({
      roomNid: this.nid,
      from: { depth: 0, nid: 0 },
      ...{ direction: 'f', limit: 1, types: ['m.room.member'], senders: null },
    });
    return stored && this.#reads.eventOf(stored, this.#room.rules, begun);
  }

  strippedState(): Promise<RoomEvent[]> {
    return this.state((type, stateKey) => STRIPPED.has(stateKeyOf(type, stateKey)));
  }

  async toldOutside(userId: UserId): Promise<readonly string[] | undefined> {
    const json = await this.#reads.store.toldOutside(this.nid, userId);
    return json === undefined
      ? undefined
      : (JSON.parse(json) as JsonObject[]).map((each) => JSON.stringify(each));
  }

  #load(nids: readonly number[]): Promise<RoomEvent[]> {
    return this.#reads.load(this.#room, nids);
  }

  #narrowed(state: ReadonlyMap<number, number>, only: StateKeyTest | undefined): number[] {
    if (!only) return [...state.values()];
    const nids: number[] = [];
    for (const [keyNid, eventNid] of state) {
      const { type, stateKey } = this.#reads.keys.byNid(keyNid);
      if (only(type, stateKey)) nids.push(eventNid);
    }
    return nids;
  }

  /** Of the room's last moments from memory. */
  async #changes(range: { after: number; upTo: number }): Promise<readonly PlainChange[]> {
    if (range.after >= range.upTo) return [];
    if (range.after < this.#room.stateChangesAfter) {
      const told = changesTold(this.#room, this.#reads.keys, range);
      if (told) return told;
      const changes = await this.#reads.stateChanges({ roomNid: this.nid, ...range });
      await this.#reads.keys.learnNids(changes.map((change) => change.keyNid));
      this.#room.fillStateChanges(changes, range);
      return changes;
    }
    return this.#room.stateChanges.filter(
      ({ position }) => position > range.after && position <= range.upTo,
    );
  }

  async #storedTimeline(range: { after: number; upTo: number; limit: number }) {
    const begun = this.#reads.events.beginRead();
    const stored = await this.#reads.store.newestOfTimeline({ roomNid: this.nid, ...range });
    const read = await withBreaths(
      madeInBreaths(stored, {
        make: (each) => this.#reads.eventOf(each, this.#room.rules, begun),
        lengthOf: ({ json }) => json.length,
        lengthMax: LENGTH_OF_A_BREATH,
      }),
    );
    // A redaction may have come between two breaths.
    const events = read.map((event) => this.#reads.events.shown(event)).reverse();
    const isAll = stored.length < range.limit;
    const after = isAll ? range.after : (events[0]?.position ?? range.after) - 1;
    if (this.#reads.events.mayKeep(begun))
      this.#room.timeline.fill(events, { after, upTo: range.upTo });
    return events;
  }
}

/** Who is told of more has been away, and is looked up. */
const TOLD_TO_ALL_MAX = 10;

/** Hundreds of the largest events would hold up everybody else for as long as it takes to parse them. */
const LENGTH_OF_A_BREATH = 1_048_576;

const FIRST: Place = { depth: 0, nid: 0 };

/** What tells an invited user which room it is (Client-server API, "Stripped state"). */
export const STRIPPED_TYPES = [
  'm.room.create',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.encryption',
] as const;
const STRIPPED = new Set(STRIPPED_TYPES.map((type) => stateKeyOf(type, '')));

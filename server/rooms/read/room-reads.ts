import { Lru } from '../../log/lru.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { RetentionBounds } from '../../protocol/retention.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RecentRelation } from '../memory/recent-relations.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { UserRooms } from '../memory/user-rooms.ts';
import type { ErasedUsers, IgnoredBy } from '../ports.ts';
import type { RoomEvent } from '../room-event.ts';
import { StateLayers } from '../state/state-layers.ts';
import type {
  BundleQuery,
  LogRange,
  RoomStore,
  StateChange,
  StoredBundle,
  StoredEvent,
} from '../store.ts';
import type { EventCache, ReadBegun } from './event-cache.ts';
import { Gathered } from './gathered.ts';
import { KeptPages } from './kept-pages.ts';
import { roomEventOf } from './stored-event.ts';

/** Of states or changes, for as many askers. */
const READ_AT_ONCE = { keysMax: 1_000 };

/** Of what is shown along with an event; a poll has many answers. */
const REFERENCES_MAX = 100;
/** At once of a room. */
const RELATIONS_READ_MAX = 100;

/** An event, and who asks what relates to it. */
export interface BundleKey {
  readonly asker: { readonly userId: UserId; readonly ignored: ReadonlySet<UserId> };
  readonly event: BundleQuery['events'][number];
}

interface RelationsRead {
  /** The newest first. */
  readonly relations: readonly RecentRelation[];
  /** Behind it there are no others up to the end of the range. */
  readonly after: number;
}

/** Of a state that is kept unpacked, besides its bytes. */
const STATE_BYTES = 500;

/** What the reading side of the engine shares. */
export class RoomReads {
  readonly store: RoomStore;
  readonly keys: StateKeys;
  readonly events: EventCache;
  readonly keptPages: KeptPages;
  readonly userRooms: UserRooms;
  readonly erased: ErasedUsers;
  readonly ignoredBy: IgnoredBy;
  /** Undefined where everything is kept. */
  readonly retention: RetentionBounds | undefined;
  readonly now: () => number;
  readonly #states: Lru<number, StateLayers>;
  readonly #statesRead: Gathered<number, StateLayers>;
  readonly #changesRead: Gathered<LogRange, readonly StateChange[]>;
  readonly #relationsRead: Gathered<LogRange, RelationsRead>;
  readonly #bundlesRead: Gathered<BundleKey, StoredBundle | undefined>;

  constructor(parts: {
    store: RoomStore;
    keys: StateKeys;
    events: EventCache;
    userRooms: UserRooms;
    erased: ErasedUsers;
    ignoredBy: IgnoredBy;
    retention: RetentionBounds | undefined;
    now: () => number;
    stateBytesMax: number;
  }) {
    this.store = parts.store;
    this.keys = parts.keys;
    this.events = parts.events;
    this.keptPages = new KeptPages(parts.store, parts.events);
    this.userRooms = parts.userRooms;
    this.erased = parts.erased;
    this.ignoredBy = parts.ignoredBy;
    this.retention = parts.retention;
    this.now = parts.now;
    this.#states = new Lru(parts.stateBytesMax);
    this.#statesRead = new Gathered((nids) => this.#readStates(nids), READ_AT_ONCE);
    this.#relationsRead = new Gathered((ranges) => this.#readRelations(ranges), READ_AT_ONCE);
    this.#bundlesRead = new Gathered((keys) => this.#readBundles(keys), READ_AT_ONCE);
    this.#changesRead = new Gathered((ranges) => this.#readChanges(ranges), READ_AT_ONCE);
  }

  /** Read as it is stored; the last ones are kept. */
  async storedState(stateNid: number): Promise<StateLayers> {
    const known = this.#states.get(stateNid);
    if (known) return known;
    const layers = await this.#statesRead.of(stateNid);
    this.#states.set(stateNid, layers, STATE_BYTES + layers.bytes);
    return layers;
  }

  /** Changes of current state in the range, in order. */
  stateChanges(range: LogRange): Promise<readonly StateChange[]> {
    return this.#changesRead.of(range);
  }

  /** What relates to any event of the room and came in the range. */
  relationsLately(range: LogRange): Promise<RelationsRead> {
    return this.#relationsRead.of(range);
  }

  /** What relates to an event, of the kinds that are shown along with it; undefined where nothing does. */
  bundle(key: BundleKey): Promise<StoredBundle | undefined> {
    return this.#bundlesRead.of(key);
  }

  /** Events of a room, in the order asked for. Its newest are in memory with it, and kept nowhere else. */
  async load(room: HotRoom, nids: readonly number[]): Promise<RoomEvent[]> {
    if (nids.length === 0) return [];
    const recent = room.timeline.among(nids);
    if (recent.size === 0) return this.events.load(() => room.rules, nids);
    const missing = nids.filter((nid) => !recent.has(nid));
    if (missing.length > 0)
      for (const event of await this.events.load(() => room.rules, missing))
        recent.set(event.nid, event);
    return nids.flatMap((nid) => recent.get(nid) ?? []);
  }

  eventOf(stored: StoredEvent, rules: RoomVersionRules, begun: ReadBegun): RoomEvent {
    return this.events.putRead(roomEventOf(stored, rules), begun);
  }

  membershipHistory(userId: UserId, room: HotRoom) {
    return this.store.membershipHistory(userId, room.nid);
  }

  async #readStates(nids: readonly number[]): Promise<StateLayers[]> {
    const rows = await this.store.statesWithBases([...new Set(nids)]);
    const byTop = Map.groupBy(rows, ({ top }) => top);
    return nids.map((nid) => new StateLayers((byTop.get(nid) ?? []).map(({ entries }) => entries)));
  }

  async #readChanges(ranges: readonly LogRange[]): Promise<(readonly StateChange[])[]> {
    const rows = await this.store.stateChangesOf(ranges);
    const byRoom = Map.groupBy(rows, ({ roomNid }) => roomNid);
    return ranges.map(({ roomNid, after, upTo }) =>
      (byRoom.get(roomNid) ?? []).filter((each) => each.position > after && each.position <= upTo),
    );
  }

  async #readRelations(ranges: readonly LogRange[]): Promise<RelationsRead[]> {
    const rows = await this.store.relationsLately(ranges, RELATIONS_READ_MAX);
    const byRoom = Map.groupBy(rows, ({ roomNid }) => roomNid);
    return ranges.map(({ roomNid, after }) => {
      const relations = byRoom.get(roomNid) ?? [];
      const isAll = relations.length < RELATIONS_READ_MAX;
      return { relations, after: isAll ? after : relations.at(-1)!.nid - 1 };
    });
  }

  /** In a question for each asker: nearly always there is one. */
  async #readBundles(keys: readonly BundleKey[]): Promise<(StoredBundle | undefined)[]> {
    const byAsker = Map.groupBy(keys, ({ asker }) => asker.userId);
    const found = new Map<BundleKey, StoredBundle>();
    for (const asked of byAsker.values()) {
      const { userId: reader, ignored } = asked[0]!.asker;
      const events = asked.map(({ event }) => event);
      const query = { reader, ignored: [...ignored], events, referencesMax: REFERENCES_MAX };
      const byId = new Map<string, StoredBundle>();
      for (const bundle of await this.store.bundlesOf(query))
        byId.set(`${bundle.roomNid} ${bundle.eventId}`, bundle);
      for (const key of asked) {
        const bundle = byId.get(`${key.event.roomNid} ${key.event.eventId}`);
        if (bundle) found.set(key, bundle);
      }
    }
    return keys.map((key) => found.get(key));
  }
}

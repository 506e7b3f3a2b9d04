import { Lru } from '../../log/lru.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { UserRooms } from '../memory/user-rooms.ts';
import type { ErasedAt } from '../ports.ts';
import type { RoomEvent } from '../room-event.ts';
import { StateLayers } from '../state/state-layers.ts';
import type { LogRange, RoomStore, StateChange, StoredEvent } from '../store.ts';
import type { EventCache } from './event-cache.ts';
import { Gathered } from './gathered.ts';
import { roomEventOf } from './stored-event.ts';

/** Of states or changes, for as many askers. */
const READ_AT_ONCE = { keysMax: 1_000 };

/** Of a state that is kept unpacked, besides its bytes. */
const STATE_BYTES = 500;

/** What the reading side of the engine shares. */
export class RoomReads {
  readonly store: RoomStore;
  readonly keys: StateKeys;
  readonly events: EventCache;
  readonly userRooms: UserRooms;
  readonly erasedAt: ErasedAt;
  readonly #states: Lru<number, StateLayers>;
  readonly #statesRead: Gathered<number, StateLayers>;
  readonly #changesRead: Gathered<LogRange, readonly StateChange[]>;

  constructor(parts: {
    store: RoomStore;
    keys: StateKeys;
    events: EventCache;
    userRooms: UserRooms;
    erasedAt: ErasedAt;
    stateBytesMax: number;
  }) {
    this.store = parts.store;
    this.keys = parts.keys;
    this.events = parts.events;
    this.userRooms = parts.userRooms;
    this.erasedAt = parts.erasedAt;
    this.#states = new Lru(parts.stateBytesMax);
    this.#statesRead = new Gathered((nids) => this.#readStates(nids), READ_AT_ONCE);
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

  eventOf(stored: StoredEvent, rules: RoomVersionRules): RoomEvent {
    return this.events.put(roomEventOf(stored, rules));
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
}

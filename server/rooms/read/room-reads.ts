import type { UserId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { Lru } from '../memory/lru.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { UserRooms } from '../memory/user-rooms.ts';
import type { RoomEvent } from '../room-event.ts';
import { StateLayers } from '../state/state-layers.ts';
import type { RoomStore, StoredEvent } from '../store.ts';
import type { EventCache } from './event-cache.ts';
import { roomEventOf } from './stored-event.ts';

/** Of a state that is kept unpacked, besides its bytes. */
const STATE_BYTES = 500;

/** What the reading side of the engine shares. */
export class RoomReads {
  readonly store: RoomStore;
  readonly keys: StateKeys;
  readonly events: EventCache;
  readonly userRooms: UserRooms;
  readonly #states: Lru<number, StateLayers>;

  constructor(parts: {
    store: RoomStore;
    keys: StateKeys;
    events: EventCache;
    userRooms: UserRooms;
    stateBytesMax: number;
  }) {
    this.store = parts.store;
    this.keys = parts.keys;
    this.events = parts.events;
    this.userRooms = parts.userRooms;
    this.#states = new Lru(parts.stateBytesMax);
  }

  /** Read as it is stored; the last ones are kept. */
  async storedState(stateNid: number): Promise<StateLayers> {
    const known = this.#states.get(stateNid);
    if (known) return known;
    const rows = await this.store.stateWithBases(stateNid);
    const layers = new StateLayers(rows.map((row) => row.entries));
    this.#states.set(stateNid, layers, STATE_BYTES + layers.bytes);
    return layers;
  }

  eventOf(stored: StoredEvent, rules: RoomVersionRules): RoomEvent {
    return this.events.put(roomEventOf(stored, rules));
  }

  membershipHistory(userId: UserId, room: HotRoom) {
    return this.store.membershipHistory(userId, room.nid);
  }
}

import type { RoomId } from '../../protocol/identifiers.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import type { RoomPorts } from '../ports.ts';
import { HotRoom } from './hot-room.ts';
import { membershipOf } from './members.ts';
import type { StateKeys } from './state-keys.ts';

interface Loading {
  room: Promise<HotRoom | undefined>;
  /** Dropped while it was read: the read may have missed what it was dropped for. */
  isStale: boolean;
}

/** The rooms in memory: those used last, as many as their state entries allow. */
export class RoomMemory {
  readonly #ports: Pick<RoomPorts, 'store' | 'stateEntriesMax'>;
  readonly #keys: StateKeys;
  /** In order of last use. */
  readonly #rooms = new Map<RoomId, HotRoom>();
  readonly #loading = new Map<RoomId, Loading>();
  #stateEntries = 0;

  constructor(ports: Pick<RoomPorts, 'store' | 'stateEntriesMax'>, keys: StateKeys) {
    this.#ports = ports;
    this.#keys = keys;
  }

  get stateEntries(): number {
    return this.#stateEntries;
  }

  /** Without bringing it into memory. */
  peek(roomId: RoomId): HotRoom | undefined {
    return this.#rooms.get(roomId);
  }

  async get(roomId: RoomId): Promise<HotRoom | undefined> {
    const hot = this.#rooms.get(roomId);
    if (hot) {
      this.#rooms.delete(roomId);
      this.#rooms.set(roomId, hot);
      return hot;
    }
    const loading = this.#loading.get(roomId) ?? this.#load(roomId);
    const room = await loading.room;
    return loading.isStale ? this.get(roomId) : room;
  }

  /** A room that is being created. */
  add(room: HotRoom): void {
    this.#rooms.set(room.roomId, room);
    this.#stateEntries += room.state.size;
    this.#makeSpace(room);
  }

  drop(roomId: RoomId): void {
    const loading = this.#loading.get(roomId);
    if (loading) loading.isStale = true;
    this.#loading.delete(roomId);
    const room = this.#rooms.get(roomId);
    if (!room) return;
    room.isDropped = true;
    this.#rooms.delete(roomId);
    this.#stateEntries -= room.state.size;
  }

  /** Its state has grown by this many entries. */
  grew(entries: number): void {
    this.#stateEntries += entries;
  }

  #load(roomId: RoomId): Loading {
    const loading: Loading = { room: this.#read(roomId), isStale: false };
    this.#loading.set(roomId, loading);
    const done = () => {
      if (this.#loading.get(roomId) === loading) this.#loading.delete(roomId);
    };
    loading.room.then((room) => {
      done();
      if (room && !loading.isStale) this.add(room);
    }, done);
    return loading;
  }

  async #read(roomId: RoomId): Promise<HotRoom | undefined> {
    const { store } = this.#ports;
    const stored = await store.roomById(roomId);
    if (!stored) return undefined;
    const rules = rulesOf(stored.version);
    if (!rules) throw new Error(`Room ${roomId} has the unknown version ${stored.version}`);
    const [entries, extremities] = await Promise.all([
      store.currentState(stored.nid),
      store.eventsByNid(stored.forwardExtremities),
    ]);
    const state = new Map(entries.map((entry) => [entry.keyNid, entry.eventNid]));
    const room = new HotRoom({ ...stored, roomId, rules, state, extremities, isCommitted: true });
    for (const entry of entries) {
      this.#keys.remember(entry);
      const membership = membershipOf(entry.membership);
      if (membership) room.members.set(entry.keyNid, membership);
    }
    return room;
  }

  /** A room with a change on its way stays: its memory is ahead of the database. */
  #makeSpace(newest: HotRoom): void {
    for (const [roomId, room] of this.#rooms) {
      if (this.#stateEntries <= this.#ports.stateEntriesMax || room === newest) return;
      if (room.pending.size === 0 && room.isCommitted) this.drop(roomId);
    }
  }
}

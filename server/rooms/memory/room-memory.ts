import type { RoomId } from '../../protocol/identifiers.ts';
import type { RoomStore } from '../store.ts';
import type { HotRoom } from './hot-room.ts';
import { loadRooms } from './load-rooms.ts';
import type { StateKeys } from './state-keys.ts';

interface Loading {
  readonly room: Promise<HotRoom | undefined>;
  /** Dropped while it was read: the read may have missed what it was dropped for. */
  isStale: boolean;
}

interface Sources {
  readonly store: Pick<RoomStore, 'roomsById' | 'stateWithBases'>;
  readonly keys: StateKeys;
}

interface Entry {
  readonly room: HotRoom;
  /** As it was last found to weigh. */
  bytes: number;
}

/**
 * The rooms in memory: those used last, as many as their bytes allow. Where they are too many, those used
 * longest ago are thinned first (`HotRoom.thin`), and only when all are do any go.
 */
export class RoomMemory {
  readonly #sources: Sources;
  readonly #bytesMax: number;
  /** In order of last use; whoever is thinned was used before all who are not. */
  readonly #whole = new Map<RoomId, Entry>();
  readonly #thin = new Map<RoomId, Entry>();
  readonly #loading = new Map<RoomId, Loading>();
  /** While their deletion is on its way: the database has them still. */
  readonly #deleting = new Set<RoomId>();
  #bytes = 0;

  constructor(sources: Sources, bytesMax: number) {
    this.#sources = sources;
    this.#bytesMax = bytesMax;
  }

  /** Of heap, by estimate (`HotRoom.bytes`). */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#whole.size + this.#thin.size;
  }

  /** Without bringing it into memory. */
  peek(roomId: RoomId): HotRoom | undefined {
    return this.#entryOf(roomId)?.room;
  }

  /** As `get`; undefined where it has to be read. */
  known(roomId: RoomId): HotRoom | undefined {
    return this.#deleting.has(roomId) ? undefined : this.#use(roomId);
  }

  async get(roomId: RoomId): Promise<HotRoom | undefined> {
    return (await this.getAll([roomId])).get(roomId);
  }

  /** What is not in memory is read together. Those that are not there are left out. */
  async getAll(roomIds: readonly RoomId[]): Promise<Map<RoomId, HotRoom>> {
    const found = new Map<RoomId, HotRoom>();
    const missing: RoomId[] = [];
    for (const roomId of new Set(roomIds)) {
      if (this.#deleting.has(roomId)) continue;
      const room = this.#use(roomId);
      if (room) found.set(roomId, room);
      else missing.push(roomId);
    }
    if (missing.length === 0) return found;
    this.#load(missing.filter((roomId) => !this.#loading.has(roomId)));
    const loading = missing.map((roomId) => [roomId, this.#loading.get(roomId)!] as const);
    const stale: RoomId[] = [];
    for (const [roomId, each] of loading) {
      const room = await each.room;
      if (each.isStale) stale.push(roomId);
      else if (room) found.set(roomId, room);
    }
    if (stale.length > 0)
      for (const [roomId, room] of await this.getAll(stale)) found.set(roomId, room);
    return found;
  }

  /** One that was read, or that is being created. */
  add(room: HotRoom): void {
    for (const keyNid of room.state.keys()) this.#sources.keys.hold(keyNid);
    this.#whole.set(room.roomId, { room, bytes: 0 });
    this.weigh(room.roomId);
  }

  drop(roomId: RoomId): void {
    const loading = this.#loading.get(roomId);
    if (loading) loading.isStale = true;
    this.#loading.delete(roomId);
    const entry = this.#entryOf(roomId);
    if (!entry) return;
    const { room, bytes } = entry;
    room.isDropped = true;
    this.#take(roomId);
    this.#bytes -= bytes;
    for (const keyNid of room.state.keys()) this.#sources.keys.letGo(keyNid);
  }

  /** But for its newest event nothing of its timeline is known by heart any more. */
  thin(roomId: RoomId): void {
    this.peek(roomId)?.thin();
    this.weigh(roomId);
  }

  /** Nobody gets the room any more until `deleted` is settled: a change that was built on it would outlive it. */
  deleting(roomId: RoomId, deleted: Promise<unknown>): void {
    this.#deleting.add(roomId);
    this.drop(roomId);
    const over = () => void this.#deleting.delete(roomId);
    deleted.then(over, over);
  }

  /** It has grown, or may have. */
  weigh(roomId: RoomId): void {
    const entry = this.#entryOf(roomId);
    if (!entry) return;
    this.#weigh(entry);
    this.#makeSpace(entry.room);
  }

  #weigh(entry: Entry): void {
    const { bytes } = entry.room;
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
  }

  #entryOf(roomId: RoomId): Entry | undefined {
    return this.#whole.get(roomId) ?? this.#thin.get(roomId);
  }

  #take(roomId: RoomId): void {
    if (!this.#whole.delete(roomId)) this.#thin.delete(roomId);
  }

  #use(roomId: RoomId): HotRoom | undefined {
    const entry = this.#entryOf(roomId);
    if (!entry) return undefined;
    this.#take(roomId);
    this.#whole.set(roomId, entry);
    // What readers and builders brought into it since it was used before.
    this.weigh(roomId);
    return entry.room;
  }

  #load(roomIds: readonly RoomId[]): void {
    if (roomIds.length === 0) return;
    const rooms = loadRooms(this.#sources, roomIds);
    for (const roomId of roomIds) {
      const loading = { room: rooms.then((read) => read.get(roomId)), isStale: false };
      this.#loading.set(roomId, loading);
      const done = () => {
        if (this.#loading.get(roomId) === loading) this.#loading.delete(roomId);
      };
      loading.room.then((room) => {
        done();
        if (room && !loading.isStale) this.add(room);
      }, done);
    }
  }

  /** A room with a change on its way stays, since its memory is ahead of the database; so does one of which a change is being built. */
  #makeSpace(newest: HotRoom): void {
    for (const [roomId, entry] of this.#whole) {
      if (this.#bytes <= this.#bytesMax) return;
      if (entry.room === newest) continue;
      entry.room.thin();
      this.#weigh(entry);
      this.#whole.delete(roomId);
      this.#thin.set(roomId, entry);
    }
    for (const [roomId, { room }] of this.#thin) {
      if (this.#bytes <= this.#bytesMax) return;
      const isAtRest = room.pending.size === 0 && room.building.isIdle && room.isCommitted;
      if (room !== newest && isAtRest) this.drop(roomId);
    }
  }
}

import { Lru } from '../../log/lru.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { RoomMembership } from '../membership/membership.ts';
import { membershipOf } from '../membership/membership.ts';
import type { RoomStore } from '../store.ts';
import { LastPositions } from './last-positions.ts';
import { Memberships } from './memberships.ts';

/** Of heap, measured: a user, and one membership without the id of its room. */
const USER_BYTES = 1_000;
const MEMBERSHIP_BYTES = 65;
/** Of 120 bytes each, with the id. */
const POSITIONS_MAX = 100_000;

interface Loading {
  readonly rooms: Promise<Memberships>;
  /** Something of the user's was committed meanwhile; whether the read saw it is not known. */
  isStale: boolean;
}

/** The rooms of the users who are active, and where each room stands in the log. */
export class UserRooms {
  readonly #store: Pick<RoomStore, 'membershipsOf'>;
  readonly #users: Lru<UserId, Memberships>;
  readonly #loading = new Map<UserId, Loading>();
  readonly #positions: LastPositions;

  constructor(
    store: Pick<RoomStore, 'membershipsOf'>,
    bytesMax: number,
    positionsMax = POSITIONS_MAX,
  ) {
    this.#store = store;
    this.#users = new Lru(bytesMax);
    this.#positions = new LastPositions(positionsMax);
  }

  async of(userId: UserId): Promise<ReadonlyMap<RoomId, RoomMembership>> {
    const known = this.#users.get(userId);
    if (known) return known;
    const loading = this.#loading.get(userId) ?? this.#load(userId);
    const rooms = await loading.rooms;
    if (loading.isStale) return this.of(userId);
    return rooms;
  }

  /** Undefined where they have to be read. */
  known(userId: UserId): ReadonlyMap<RoomId, RoomMembership> | undefined {
    return this.#users.get(userId);
  }

  /** Undefined where it is not known (any more): the room may have moved since whenever. */
  lastPosition(roomId: RoomId): number | undefined {
    return this.#positions.get(roomId);
  }

  moved(roomId: RoomId, position: number): void {
    this.#positions.raise(roomId, position);
  }

  /** A membership event was committed. Without `since` the kind of membership is what it was. */
  apply(
    userId: UserId,
    entry: Omit<RoomMembership, 'since'> & { since: number | undefined },
  ): void {
    this.#markStale(userId);
    const rooms = this.#users.get(userId);
    if (!rooms) return;
    const since = entry.since ?? rooms.get(entry.roomId)?.since ?? entry.position;
    rooms.set({ ...entry, since });
    this.#keep(userId, rooms);
  }

  forget(userId: UserId, roomId: RoomId): void {
    this.#markStale(userId);
    const rooms = this.#users.get(userId);
    const entry = rooms?.get(roomId);
    if (rooms && entry) rooms.set({ ...entry, forgotten: true });
  }

  /** Of these users it is not known any longer where they are. */
  dropIf(test: (userId: UserId) => boolean): void {
    for (const [userId, loading] of this.#loading) if (test(userId)) loading.isStale = true;
    this.#users.deleteKeysIf(test);
  }

  /** Nobody is in the room any more, and nobody who was has anything to read there. */
  deleted(roomId: RoomId, position: number): void {
    for (const loading of this.#loading.values()) loading.isStale = true;
    this.#users.update((rooms) => {
      const entry = rooms.get(roomId);
      if (entry) rooms.set({ ...entry, ...leftAt(entry, position), forgotten: true });
      return rooms;
    });
  }

  /** On a follower: what changed is in the database only. */
  drop(userId: UserId): void {
    this.#markStale(userId);
    this.#users.delete(userId);
  }

  #markStale(userId: UserId): void {
    const loading = this.#loading.get(userId);
    if (loading) loading.isStale = true;
  }

  #load(userId: UserId): Loading {
    const loading: Loading = { rooms: this.#read(userId), isStale: false };
    this.#loading.set(userId, loading);
    const done = () => this.#loading.delete(userId);
    loading.rooms.then((rooms) => {
      done();
      if (!loading.isStale) this.#keep(userId, rooms);
    }, done);
    return loading;
  }

  #keep(userId: UserId, rooms: Memberships): void {
    this.#users.set(userId, rooms, USER_BYTES + MEMBERSHIP_BYTES * rooms.size);
  }

  async #read(userId: UserId): Promise<Memberships> {
    const { forgotten } = this.#positions;
    const all = await this.#store.membershipsOf(userId);
    const rooms = new Memberships(all.length);
    for (const stored of all) {
      const { roomLastPosition, position, since, forgotten: isForgotten } = stored;
      // One that moved while this was read, and was forgotten since, must not go back.
      if (this.#positions.forgotten === forgotten) this.moved(stored.roomId, roomLastPosition);
      const roomId = this.#positions.nameOf(stored.roomId);
      const membership = membershipOf(stored.membership);
      if (membership) rooms.set({ roomId, membership, position, since, forgotten: isForgotten });
    }
    return rooms;
  }
}

/** Who was outside already is where they were. */
const leftAt = ({ membership }: RoomMembership, position: number) =>
  membership === 'leave' || membership === 'ban'
    ? {}
    : { membership: 'leave' as const, position, since: position };

import { Lru } from '../../log/lru.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { RoomMembership } from '../membership/membership.ts';
import { membershipOf } from '../membership/membership.ts';
import type { RoomStore } from '../store.ts';

/** Of heap: a user, and one membership with the id of its room. */
const USER_BYTES = 500;
const MEMBERSHIP_BYTES = 250;

interface Loading {
  readonly rooms: Promise<Map<RoomId, RoomMembership>>;
  /** Something of the user's was committed meanwhile; whether the read saw it is not known. */
  isStale: boolean;
}

/** The rooms of the users who are active, and where each room stands in the log. */
export class UserRooms {
  readonly #store: Pick<RoomStore, 'membershipsOf'>;
  readonly #users: Lru<UserId, Map<RoomId, RoomMembership>>;
  readonly #loading = new Map<UserId, Loading>();
  readonly #lastPositions = new Map<RoomId, number>();

  constructor(store: Pick<RoomStore, 'membershipsOf'>, bytesMax: number) {
    this.#store = store;
    this.#users = new Lru(bytesMax);
  }

  async of(userId: UserId): Promise<ReadonlyMap<RoomId, RoomMembership>> {
    const known = this.#users.get(userId);
    if (known) return known;
    const loading = this.#loading.get(userId) ?? this.#load(userId);
    const rooms = await loading.rooms;
    if (loading.isStale) return this.of(userId);
    return rooms;
  }

  lastPosition(roomId: RoomId): number | undefined {
    return this.#lastPositions.get(roomId);
  }

  moved(roomId: RoomId, position: number): void {
    const before = this.#lastPositions.get(roomId);
    if (before === undefined || before < position) this.#lastPositions.set(roomId, position);
  }

  /** A membership event was committed. Without `since` the kind of membership is what it was. */
  apply(
    userId: UserId,
    entry: Omit<RoomMembership, 'since' | 'forgotten'> & { since: number | undefined },
  ): void {
    this.#markStale(userId);
    const rooms = this.#users.get(userId);
    if (!rooms) return;
    const since = entry.since ?? rooms.get(entry.roomId)?.since ?? entry.position;
    rooms.set(entry.roomId, { ...entry, since, forgotten: false });
    this.#keep(userId, rooms);
  }

  forget(userId: UserId, roomId: RoomId): void {
    this.#markStale(userId);
    const rooms = this.#users.get(userId);
    const entry = rooms?.get(roomId);
    if (rooms && entry) rooms.set(roomId, { ...entry, forgotten: true });
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

  #keep(userId: UserId, rooms: Map<RoomId, RoomMembership>): void {
    this.#users.set(userId, rooms, USER_BYTES + MEMBERSHIP_BYTES * rooms.size);
  }

  async #read(userId: UserId): Promise<Map<RoomId, RoomMembership>> {
    const rooms = new Map<RoomId, RoomMembership>();
    for (const stored of await this.#store.membershipsOf(userId)) {
      const { roomLastPosition, ...rest } = stored;
      const membership = membershipOf(rest.membership);
      this.moved(rest.roomId, roomLastPosition);
      if (membership) rooms.set(rest.roomId, { ...rest, membership });
    }
    return rooms;
  }
}

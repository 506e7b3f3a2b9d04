import type { RoomId, UserId } from '../../protocol/identifiers.ts';

interface InRoom {
  /** Of each, the ephemeral counter at which it was last told. */
  readonly users: Map<UserId, number>;
  newest: number;
}

/**
 * Whose presence is told where: a list by room, so that a change costs its rooms and not everybody in
 * them, and that whoever asks for all and who asks for what is new are told of the same.
 */
export class PresenceByRoom {
  readonly #rooms = new Map<RoomId, InRoom>();
  readonly #roomsOf = new Map<UserId, ReadonlySet<RoomId>>();
  #newest = 0;

  get newest(): number {
    return this.#newest;
  }

  /** `rooms` are all in which the user is told now; with `isNews` in those too in which they were. */
  put(userId: UserId, rooms: ReadonlySet<RoomId>, { at, isNews }: { at: number; isNews: boolean }) {
    const before = this.#roomsOf.get(userId);
    for (const roomId of before ?? []) if (!rooms.has(roomId)) this.#remove(userId, roomId);
    for (const roomId of rooms) if (isNews || !before?.has(roomId)) this.#note(userId, roomId, at);
    this.#roomsOf.set(userId, rooms);
  }

  forget(userId: UserId): void {
    for (const roomId of this.#roomsOf.get(userId) ?? []) this.#remove(userId, roomId);
    this.#roomsOf.delete(userId);
  }

  /** Who was told in the room behind this counter: nearly always nobody, and then nothing is gone through. */
  *after(roomId: RoomId, counter: number): Iterable<UserId> {
    const room = this.#rooms.get(roomId);
    if (room === undefined || room.newest <= counter) return;
    for (const [userId, at] of room.users) if (at > counter) yield userId;
  }

  #note(userId: UserId, roomId: RoomId, at: number): void {
    const room = this.#rooms.get(roomId) ?? { users: new Map<UserId, number>(), newest: 0 };
    this.#rooms.set(roomId, room);
    room.users.set(userId, at);
    room.newest = at;
    this.#newest = at;
  }

  #remove(userId: UserId, roomId: RoomId): void {
    const room = this.#rooms.get(roomId);
    room?.users.delete(userId);
    if (room?.users.size === 0) this.#rooms.delete(roomId);
  }
}

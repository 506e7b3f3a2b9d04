import type { RoomId, UserId } from '../../protocol/identifiers.ts';

/** Of a user, the ephemeral counter at which they were told last in some of their rooms. */
interface Told {
  readonly userId: UserId;
  readonly at: number;
}

/**
 * Whose presence is told where: a list by room, so that a change costs its rooms and not everybody in
 * them, and that whoever asks for all and who asks for what is new are told of the same.
 */
export class PresenceByRoom {
  /**
   * Those told last stand last. A list and no map, since there are many rooms and they are small: a map
   * of two users weighs 260 bytes, their list 100.
   */
  readonly #rooms = new Map<RoomId, readonly Told[]>();
  /** Lists as well: of 200 rooms half of what the set is. */
  readonly #roomsOf = new Map<UserId, readonly RoomId[]>();
  #newest = 0;

  get newest(): number {
    return this.#newest;
  }

  /** `rooms` are all in which the user is told now; with `isNews` in those too in which they were. */
  put(userId: UserId, rooms: ReadonlySet<RoomId>, { at, isNews }: { at: number; isNews: boolean }) {
    const before = new Set(this.#roomsOf.get(userId));
    for (const roomId of before) if (!rooms.has(roomId)) this.#remove(userId, roomId);
    const told = { userId, at };
    for (const roomId of rooms) if (isNews || !before.has(roomId)) this.#note(told, roomId);
    this.#roomsOf.set(userId, [...rooms]);
  }

  forget(userId: UserId): void {
    for (const roomId of this.#roomsOf.get(userId) ?? []) this.#remove(userId, roomId);
    this.#roomsOf.delete(userId);
  }

  /** Who was told in the room behind this counter: nearly always nobody, and then nothing is gone through. */
  *after(roomId: RoomId, counter: number): Iterable<UserId> {
    const room = this.#rooms.get(roomId) ?? [];
    const known = room.findLastIndex(({ at }) => at <= counter);
    for (let index = known + 1; index < room.length; index++) yield room[index]!.userId;
  }

  #note(told: Told, roomId: RoomId): void {
    const others = (this.#rooms.get(roomId) ?? []).filter(({ userId }) => userId !== told.userId);
    this.#rooms.set(roomId, others.concat([told]));
    this.#newest = told.at;
  }

  #remove(userId: UserId, roomId: RoomId): void {
    const others = (this.#rooms.get(roomId) ?? []).filter((each) => each.userId !== userId);
    if (others.length === 0) this.#rooms.delete(roomId);
    else this.#rooms.set(roomId, others);
  }
}

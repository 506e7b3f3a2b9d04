import type { PlacedRecord } from '../../log/change.ts';
import { concernOf } from '../../log/records.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { ActiveUser } from './active-user.ts';
import { type FewOrMany, including, isNobody, without } from './few-or-many.ts';

/** A client that stays away longer begins anew from the database, which is slower but no loss. */
const KEPT_MS = 10 * 60_000;

/**
 * Who has synced lately, by room: a change wakes those whom it concerns and looks at nobody else.
 */
export class ActiveUsers {
  readonly #users = new Map<UserId, ActiveUser>();
  readonly #byRoom = new Map<RoomId, FewOrMany<ActiveUser>>();

  find(userId: UserId): ActiveUser | undefined {
    return this.#users.get(userId);
  }

  inRoom(roomId: RoomId): Iterable<ActiveUser> {
    return this.#byRoom.get(roomId) ?? [];
  }

  /**
   * `rooms` are those whose changes concern the user, as they were committed at `position`. To be
   * called in the same turn of the event loop in which both were read, or a change may be missed.
   */
  enter(userId: UserId, rooms: Iterable<RoomId>, position: number): ActiveUser {
    const user = this.#users.get(userId) ?? new ActiveUser(userId, position);
    this.#users.set(userId, user);
    const current = new Set(rooms);
    for (const roomId of user.rooms) if (!current.has(roomId)) this.#leave(user, roomId);
    for (const roomId of current) this.#join(user, roomId);
    return user;
  }

  /** Every record that concerns somebody is noted with them before anybody is woken. */
  committed(records: readonly PlacedRecord[]): void {
    const concerned = new Set<ActiveUser>();
    for (const placed of records) {
      for (const user of this.#concernedBy(placed.record)) {
        user.note(placed);
        concerned.add(user);
      }
    }
    for (const user of concerned) user.wake();
  }

  /** Typing and presence: they have no position. */
  ephemeral(users: Iterable<ActiveUser>, counter: number): void {
    for (const user of users) {
      user.noteEphemeral(counter);
      user.wake();
    }
  }

  sweep(nowMs: number): void {
    for (const user of this.#users.values()) {
      if (user.isWaiting || nowMs - user.usedAtMs < KEPT_MS) continue;
      for (const roomId of user.rooms) this.#leave(user, roomId);
      this.#users.delete(user.userId);
    }
  }

  /** Whoever is invited, joins or leaves; from now on the room's changes are theirs, until they sync. */
  *#concernedBy(record: PlacedRecord['record']): Iterable<ActiveUser> {
    const { roomId, userId } = concernOf(record);
    if (roomId !== undefined) yield* this.inRoom(roomId);
    const user = userId === undefined ? undefined : this.#users.get(userId);
    if (user === undefined) return;
    if (roomId !== undefined) this.#join(user, roomId);
    yield user;
  }

  #join(user: ActiveUser, roomId: RoomId) {
    user.rooms.add(roomId);
    this.#byRoom.set(roomId, including(this.#byRoom.get(roomId) ?? [], user));
  }

  #leave(user: ActiveUser, roomId: RoomId) {
    user.rooms.delete(roomId);
    const others = without(this.#byRoom.get(roomId) ?? [], user);
    if (isNobody(others)) this.#byRoom.delete(roomId);
    else this.#byRoom.set(roomId, others);
  }
}

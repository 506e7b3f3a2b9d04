import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { ActiveUsers } from '../active/active-users.ts';
import type { EphemeralCounter } from './ephemeral-counter.ts';

/** The specification tells clients to say it again every 20 to 30 s. */
export const TYPING_MS_MAX = 120_000;

/** Other servers forget it after a while, so they are told each time that somebody says it again. */
export type TellTyping = (roomId: RoomId, userId: UserId, isTyping: boolean) => void;

/** Who is typing where. In memory only: after a change of writer clients say it again. */
export class Typing {
  /** By room, in the order in which they began, with what ends it. */
  readonly #rooms = new Map<RoomId, Map<UserId, NodeJS.Timeout>>();
  readonly #counter: EphemeralCounter;
  readonly #active: ActiveUsers;
  readonly #tellAbroad: TellTyping;

  constructor(counter: EphemeralCounter, active: ActiveUsers, tellAbroad: TellTyping = () => {}) {
    this.#counter = counter;
    this.#active = active;
    this.#tellAbroad = tellAbroad;
  }

  begins(roomId: RoomId, userId: UserId, forMs: number): void {
    const room = this.#rooms.get(roomId) ?? new Map<UserId, NodeJS.Timeout>();
    this.#rooms.set(roomId, room);
    const before = room.get(userId);
    clearTimeout(before);
    const ends = setTimeout(() => this.ends(roomId, userId), Math.min(forMs, TYPING_MS_MAX));
    ends.unref();
    room.set(userId, ends);
    this.#tellAbroad(roomId, userId, true);
    if (before === undefined) this.#changed(roomId);
  }

  ends(roomId: RoomId, userId: UserId): void {
    const room = this.#rooms.get(roomId);
    const timer = room?.get(userId);
    if (room === undefined || timer === undefined) return;
    clearTimeout(timer);
    room.delete(userId);
    if (room.size === 0) this.#rooms.delete(roomId);
    this.#tellAbroad(roomId, userId, false);
    this.#changed(roomId);
  }

  isTyping(roomId: RoomId, userId: UserId): boolean {
    return this.#rooms.get(roomId)?.has(userId) ?? false;
  }

  typingIn(roomId: RoomId): UserId[] {
    return [...(this.#rooms.get(roomId)?.keys() ?? [])];
  }

  /** Where somebody is typing now. */
  rooms(): Iterable<RoomId> {
    return this.#rooms.keys();
  }

  isAnybodyTypingIn(rooms: ReadonlySet<RoomId>): boolean {
    for (const roomId of this.#rooms.keys()) if (rooms.has(roomId)) return true;
    return false;
  }

  #changed(roomId: RoomId) {
    const changedAt = this.#counter.next();
    for (const user of this.#active.inRoom(roomId)) user.typing.note(roomId, changedAt);
    this.#active.ephemeral(this.#active.inRoom(roomId), changedAt);
  }
}

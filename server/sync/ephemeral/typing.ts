import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { ActiveUsers } from '../active/active-users.ts';
import type { EphemeralCounter } from './ephemeral-counter.ts';

/** The specification tells clients to say it again every 20 to 30 s. */
export const TYPING_MS_MAX = 120_000;

interface TypingRoom {
  /** In the order in which they began. */
  readonly until: Map<UserId, NodeJS.Timeout>;
  changedAt: number;
}

/** Who is typing where. In memory only: after a change of writer clients say it again. */
export class Typing {
  readonly #rooms = new Map<RoomId, TypingRoom>();
  /** Where somebody is typing now. */
  readonly #typing = new Set<RoomId>();
  readonly #counter: EphemeralCounter;
  readonly #active: ActiveUsers;

  constructor(counter: EphemeralCounter, active: ActiveUsers) {
    this.#counter = counter;
    this.#active = active;
  }

  begins(roomId: RoomId, userId: UserId, forMs: number): void {
    const room = this.#rooms.get(roomId) ?? { until: new Map(), changedAt: 0 };
    this.#rooms.set(roomId, room);
    const before = room.until.get(userId);
    clearTimeout(before);
    const ends = setTimeout(() => this.ends(roomId, userId), Math.min(forMs, TYPING_MS_MAX));
    ends.unref();
    room.until.set(userId, ends);
    if (before === undefined) this.#changed(roomId, room);
  }

  ends(roomId: RoomId, userId: UserId): void {
    const room = this.#rooms.get(roomId);
    const timer = room?.until.get(userId);
    if (room === undefined || timer === undefined) return;
    clearTimeout(timer);
    room.until.delete(userId);
    this.#changed(roomId, room);
  }

  typingIn(roomId: RoomId): UserId[] {
    return [...(this.#rooms.get(roomId)?.until.keys() ?? [])];
  }

  /** Rooms that changed behind this counter. A room is remembered: where nobody types any more is news too. */
  changedAfter(counter: number): RoomId[] {
    const changed: RoomId[] = [];
    for (const [roomId, room] of this.#rooms) if (room.changedAt > counter) changed.push(roomId);
    return changed;
  }

  isAnybodyTypingIn(rooms: ReadonlySet<RoomId>): boolean {
    for (const roomId of this.#typing) if (rooms.has(roomId)) return true;
    return false;
  }

  #changed(roomId: RoomId, room: TypingRoom) {
    if (room.until.size > 0) this.#typing.add(roomId);
    else this.#typing.delete(roomId);
    room.changedAt = this.#counter.next();
    this.#active.ephemeral(this.#active.inRoom(roomId), room.changedAt);
  }
}

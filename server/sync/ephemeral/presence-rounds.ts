import { setImmediate as turn } from 'node:timers/promises';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { ActiveUser } from '../active/active-user.ts';
import type { ActiveUsers } from '../active/active-users.ts';
import type { EphemeralCounter } from './ephemeral-counter.ts';
import { PresenceByRoom } from './presence-by-room.ts';
import { type RoomsUpTo, SmallRooms } from './small-rooms.ts';

/** Each makes an answer when it is woken. */
const WOKEN_AT_ONCE = 20;

/**
 * Changes are told together: after a change of writer a thousand people come back within a second,
 * and to wake each of them for each of the others is a million answers.
 */
const TOLD_EVERY_MS = 1_000;

export interface PresenceRoundPorts {
  readonly counter: EphemeralCounter;
  readonly active: ActiveUsers;
  /** The rooms that the user has joined. */
  readonly joinedRooms: (userId: UserId) => Promise<Iterable<RoomId>>;
  readonly roomsUpTo: RoomsUpTo;
  readonly onError: (error: unknown) => void;
  readonly isKnown: (userId: UserId) => boolean;
  /** Those who share these rooms with the user are about to be told. */
  readonly onTold: (userId: UserId, roomIds: ReadonlySet<RoomId>) => void;
}

/** Tells those who share a small room with somebody what has changed about them. */
export class PresenceRounds {
  readonly #ports: PresenceRoundPorts;
  readonly #byRoom = new PresenceByRoom();
  readonly #smallRooms: SmallRooms;
  readonly #changed = new Set<UserId>();
  /** Whose rooms changed, and nothing else. */
  readonly #moved = new Set<UserId>();
  /** Which were too large, and may have become small enough. */
  readonly #shrunk = new Set<RoomId>();
  #telling: NodeJS.Timeout | undefined;
  #lastRound = Promise.resolve();
  #isClosed = false;

  constructor(ports: PresenceRoundPorts) {
    this.#ports = ports;
    this.#smallRooms = new SmallRooms(ports.roomsUpTo);
  }

  changed(userId: UserId): void {
    this.#changed.add(userId);
    this.#tellSoon();
  }

  /** Nothing of the user has changed, and it is told again. */
  again(userId: UserId): void {
    this.#moved.add(userId);
    this.#tellSoon();
  }

  /** The user came to or went from the room. */
  moved(userId: UserId, roomId: RoomId): void {
    const isKnown = this.#ports.isKnown(userId);
    if (this.#smallRooms.forget(roomId)) this.#shrunk.add(roomId);
    if (isKnown) this.#moved.add(userId);
    if (isKnown || this.#shrunk.has(roomId)) this.#tellSoon();
  }

  forget(userId: UserId): void {
    this.#byRoom.forget(userId);
  }

  /** Of whom was told in this room behind a counter, 0 for everybody who is known. */
  toldIn(roomId: RoomId, after: number): Iterable<UserId> {
    return this.#byRoom.after(roomId, after);
  }

  /** The counter at which something was told last. */
  get newest(): number {
    return this.#byRoom.newest;
  }

  /** One round at a time: what an older one has read must not be put in place of what a newer one has. */
  tell(): Promise<void> {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    this.#lastRound = this.#lastRound.then(() => this.#round());
    return this.#lastRound;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#telling);
  }

  #tellSoon(): void {
    if (this.#isClosed) return;
    this.#telling ??= setTimeout(() => void this.tell(), TOLD_EVERY_MS).unref();
  }

  /** What could not be told is told in the next round. */
  async #round(): Promise<void> {
    const changed = takeAll(this.#changed);
    const moved = takeAll(this.#moved);
    const shrunk = takeAll(this.#shrunk);
    if (changed.size + moved.size + shrunk.size === 0) return;
    try {
      await this.#tellOf(changed, moved.union(await this.#inSmall(shrunk)));
    } catch (error) {
      this.#ports.onError(error);
      for (const userId of changed) this.#changed.add(userId);
      for (const userId of moved) this.#moved.add(userId);
      for (const roomId of shrunk) this.#shrunk.add(roomId);
      this.#tellSoon();
    }
  }

  /** The counter is taken when all who share a room are known: before, nobody may have passed it. */
  async #tellOf(changed: ReadonlySet<UserId>, moved: ReadonlySet<UserId>): Promise<void> {
    const rooms = await this.#smallRoomsOf([...changed.union(moved)]);
    const at = this.#ports.counter.next();
    for (const [userId, roomIds] of rooms) {
      this.#byRoom.put(userId, roomIds, { at, isNews: changed.has(userId) });
      this.#ports.onTold(userId, roomIds);
    }
    await this.#wake([...rooms.values()], at);
  }

  /** Who is there in the rooms that are small enough again: in them nothing was told of anybody. */
  async #inSmall(rooms: ReadonlySet<RoomId>): Promise<Set<UserId>> {
    const isSmall = await this.#smallRooms.among(rooms);
    const small = [...rooms].filter(isSmall);
    const users = small.flatMap((roomId) => [...this.#ports.active.inRoom(roomId)]);
    return new Set(users.map(({ userId }) => userId).filter(this.#ports.isKnown));
  }

  async #smallRoomsOf(userIds: readonly UserId[]): Promise<Map<UserId, ReadonlySet<RoomId>>> {
    const rooms = await Promise.all(userIds.map((each) => this.#ports.joinedRooms(each)));
    const lists = rooms.map((each) => [...each]);
    const isSmall = await this.#smallRooms.among(lists.flat());
    const small = userIds.map(
      (userId, index) => [userId, new Set(lists[index]!.filter(isSmall))] as const,
    );
    return new Map(small.filter(([userId]) => this.#ports.isKnown(userId)));
  }

  /** All have news before the first makes an answer of it; and others have their turn between them. */
  async #wake(rooms: readonly ReadonlySet<RoomId>[], at: number): Promise<void> {
    const { active } = this.#ports;
    const told = new Set<ActiveUser>();
    for (const roomId of new Set(rooms.flatMap((each) => [...each])))
      for (const user of active.inRoom(roomId)) told.add(user);
    for (const user of told) user.noteEphemeral(at);
    let woken = 0;
    for (const user of told) {
      user.wake();
      woken++;
      if (woken % WOKEN_AT_ONCE === 0) await turn();
    }
  }
}

function takeAll<T>(waiting: Set<T>): Set<T> {
  const taken = new Set(waiting);
  waiting.clear();
  return taken;
}

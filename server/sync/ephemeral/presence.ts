import { setImmediate as turn } from 'node:timers/promises';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { ActiveUser } from '../active/active-user.ts';
import type { ActiveUsers } from '../active/active-users.ts';
import type { EphemeralCounter } from './ephemeral-counter.ts';
import { PresenceByRoom } from './presence-by-room.ts';
import { type RoomsUpTo, SmallRooms } from './small-rooms.ts';

export type PresenceState = 'online' | 'unavailable' | 'offline';

/** The specification proposes 5 minutes until idle. A client that polls comes back within seconds. */
const IDLE_AFTER_MS = 5 * 60_000;
const OFFLINE_AFTER_MS = 30_000;
/** Other servers say it again every 25 minutes while somebody is there. */
const OFFLINE_ABROAD_AFTER_MS = 30 * 60_000;
/** So we say it again to them, too. */
const TOLD_AGAIN_AFTER_MS = 25 * 60_000;
const FORGOTTEN_AFTER_MS = 24 * 60 * 60_000;
/** Beyond it whoever goes offline is forgotten at once: then nothing is known of them, as before they came. */
const KNOWN_MAX = 20_000;
/** Its `last_active_ago` is as old as this at most. */
const JSON_KEPT_MS = 1_000;
/** Each makes an answer when it is woken. */
const WOKEN_AT_ONCE = 20;

interface Known {
  state: PresenceState;
  statusMessage: string | undefined;
  lastActiveMs: number;
  lastSyncMs: number;
  /** So long behind that they are taken to be gone. */
  offlineAfterMs: number;
  /** When it was last told to other servers. */
  toldMs: number;
  /** Requests that are waiting now: whoever waits is there. */
  syncing: number;
  /** The event, made once for all who are told of it. */
  json: { readonly text: string; readonly madeMs: number } | undefined;
}

export interface HeardPresence {
  readonly state: PresenceState;
  readonly statusMessage: string | undefined;
  readonly lastActiveAgoMs: number;
}

/** `presence` in the form of the content of m.presence. */
export type TellPresence = (
  userId: UserId,
  presence: JsonObject,
  roomIds: ReadonlySet<RoomId>,
) => void;

export interface PresencePorts {
  readonly counter: EphemeralCounter;
  readonly active: ActiveUsers;
  /** The rooms that the user has joined. */
  readonly joinedRooms: (userId: UserId) => Promise<Iterable<RoomId>>;
  readonly roomsUpTo: RoomsUpTo;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  /** The servers of the others in these rooms. */
  readonly tellAbroad?: TellPresence | undefined;
  /** Off, nobody is known to be there. */
  readonly isTold: boolean;
  readonly knownMax?: number | undefined;
}

/**
 * Changes are told together: after a change of writer a thousand people come back within a second,
 * and to wake each of them for each of the others is a million answers.
 */
export const TOLD_EVERY_MS = 1_000;

/** Who is there. In memory only: after a change of writer it is learned anew, as clients come back. */
export class Presence {
  readonly #known = new Map<UserId, Known>();
  readonly #ports: PresencePorts;
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

  constructor(ports: PresencePorts) {
    this.#ports = ports;
    this.#smallRooms = new SmallRooms(ports.roomsUpTo);
  }

  /** Said by the client itself. */
  set(userId: UserId, state: PresenceState, statusMessage?: string): void {
    if (!this.#ports.isTold) return;
    const known = this.#of(userId);
    const changed = known.state !== state || known.statusMessage !== statusMessage;
    Object.assign(known, { state, statusMessage, lastActiveMs: this.#ports.now() });
    known.lastSyncMs = known.lastActiveMs;
    if (changed) this.#spread(userId);
  }

  /** Around a /sync; `asked` is its `set_presence`. Answers what ends it. */
  syncing(userId: UserId, asked: PresenceState): () => void {
    if (asked === 'offline' || !this.#ports.isTold) return () => {};
    const known = this.#of(userId);
    known.syncing += 1;
    known.lastSyncMs = this.#ports.now();
    if (known.state !== asked) {
      known.state = asked;
      if (asked === 'online') known.lastActiveMs = known.lastSyncMs;
      this.#spread(userId);
    }
    return () => {
      known.syncing -= 1;
      known.lastSyncMs = this.#ports.now();
    };
  }

  /** Of somebody at another server, as that server says; of strangers no more than are known already where there are too many. */
  heard(userId: UserId, said: HeardPresence): void {
    const { knownMax = KNOWN_MAX, isTold, now } = this.#ports;
    const isNew = !this.#known.has(userId);
    if (!isTold || (isNew && this.#known.size >= knownMax)) return;
    const { state, statusMessage, lastActiveAgoMs } = said;
    const known = this.#of(userId);
    const changed = isNew || known.state !== state || known.statusMessage !== statusMessage;
    const lastActiveMs = now() - lastActiveAgoMs;
    const offlineAfterMs = OFFLINE_ABROAD_AFTER_MS;
    Object.assign(known, { state, statusMessage, lastActiveMs, lastSyncMs: now(), offlineAfterMs });
    if (changed) this.#spread(userId);
  }

  /** Something that only a person does: typing, reading, sending. */
  acted(userId: UserId): void {
    const known = this.#known.get(userId);
    if (known === undefined) return;
    known.lastActiveMs = this.#ports.now();
    if (known.state !== 'unavailable') return;
    known.state = 'online';
    this.#spread(userId);
  }

  /** The user came to or went from the room. */
  moved(userId: UserId, roomId: RoomId): void {
    if (this.#smallRooms.forget(roomId)) this.#shrunk.add(roomId);
    if (this.#known.has(userId)) this.#moved.add(userId);
    if (this.#known.has(userId) || this.#shrunk.has(roomId)) this.#tellSoon();
  }

  /** Of whom was told in this room behind a counter, 0 for everybody who is known. */
  toldIn(roomId: RoomId, after: number): Iterable<UserId> {
    return this.#byRoom.after(roomId, after);
  }

  /** The counter at which something was told last. */
  get newest(): number {
    return this.#byRoom.newest;
  }

  /** As m.presence, for whoever may see it; undefined of whom nothing was heard. */
  eventOf(userId: UserId): string | undefined {
    const known = this.#known.get(userId);
    if (known === undefined) return undefined;
    const now = this.#ports.now();
    if (known.json !== undefined && now - known.json.madeMs < JSON_KEPT_MS) return known.json.text;
    const event = { type: 'm.presence', sender: userId, content: this.of(userId) };
    known.json = { text: JSON.stringify(event), madeMs: now };
    return known.json.text;
  }

  /** In the form of the endpoint and of the content of m.presence. */
  of(userId: UserId) {
    const known = this.#known.get(userId);
    if (known === undefined) return { presence: 'offline' as const };
    const lastActiveAgo = Math.max(0, this.#ports.now() - known.lastActiveMs);
    return {
      presence: known.state,
      last_active_ago: lastActiveAgo,
      ...(known.statusMessage === undefined ? {} : { status_msg: known.statusMessage }),
      ...(known.state === 'online' ? { currently_active: lastActiveAgo < IDLE_AFTER_MS } : {}),
    };
  }

  /** Lets those become idle or offline of whom nothing was heard. To be called every few seconds. */
  sweep(): void {
    const now = this.#ports.now();
    const { knownMax = KNOWN_MAX, tellAbroad } = this.#ports;
    for (const [userId, known] of this.#known) {
      const next = stateAt(known, now);
      const keptMs = this.#known.size > knownMax ? 0 : FORGOTTEN_AFTER_MS;
      // Those who share a room are told first, and it is the next sweep that forgets.
      if (next === 'offline' && next === known.state && now - known.lastSyncMs > keptMs)
        this.#forget(userId);
      if (next !== known.state) {
        known.state = next;
        this.#spread(userId);
      } else if (tellAbroad && next !== 'offline' && now - known.toldMs > TOLD_AGAIN_AFTER_MS) {
        this.#moved.add(userId);
        this.#tellSoon();
      }
    }
  }

  #of(userId: UserId): Known {
    let known = this.#known.get(userId);
    if (known === undefined) {
      known = {
        state: 'offline',
        statusMessage: undefined,
        lastActiveMs: 0,
        lastSyncMs: 0,
        offlineAfterMs: OFFLINE_AFTER_MS,
        toldMs: 0,
        syncing: 0,
        json: undefined,
      };
      this.#known.set(userId, known);
    }
    return known;
  }

  #forget(userId: UserId): void {
    this.#known.delete(userId);
    this.#byRoom.forget(userId);
  }

  #spread(userId: UserId): void {
    this.#known.get(userId)!.json = undefined;
    this.#changed.add(userId);
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#isClosed) return;
    this.#telling ??= setTimeout(() => void this.tell(), TOLD_EVERY_MS).unref();
  }

  /** One round at a time: what an older one has read must not be put in place of what a newer one has. */
  tell(): Promise<void> {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    this.#lastRound = this.#lastRound.then(() => this.#round());
    return this.#lastRound;
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
      this.#tellAbroad(userId, roomIds);
    }
    await this.#wake([...rooms.values()], at);
  }

  #tellAbroad(userId: UserId, roomIds: ReadonlySet<RoomId>): void {
    this.#known.get(userId)!.toldMs = this.#ports.now();
    this.#ports.tellAbroad?.(userId, this.of(userId), roomIds);
  }

  /** Who is there in the rooms that are small enough again: in them nothing was told of anybody. */
  async #inSmall(rooms: ReadonlySet<RoomId>): Promise<Set<UserId>> {
    const isSmall = await this.#smallRooms.among(rooms);
    const small = [...rooms].filter(isSmall);
    const users = small.flatMap((roomId) => [...this.#ports.active.inRoom(roomId)]);
    return new Set(users.map(({ userId }) => userId).filter((userId) => this.#known.has(userId)));
  }

  async #smallRoomsOf(userIds: readonly UserId[]): Promise<Map<UserId, ReadonlySet<RoomId>>> {
    const rooms = await Promise.all(userIds.map((each) => this.#ports.joinedRooms(each)));
    const lists = rooms.map((each) => [...each]);
    const isSmall = await this.#smallRooms.among(lists.flat());
    const small = userIds.map(
      (userId, index) => [userId, new Set(lists[index]!.filter(isSmall))] as const,
    );
    return new Map(small.filter(([userId]) => this.#known.has(userId)));
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

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#telling);
  }
}

function takeAll<T>(waiting: Set<T>): Set<T> {
  const taken = new Set(waiting);
  waiting.clear();
  return taken;
}

function stateAt(known: Known, now: number): PresenceState {
  if (known.syncing === 0 && now - known.lastSyncMs > known.offlineAfterMs) return 'offline';
  if (known.state === 'online' && now - known.lastActiveMs > IDLE_AFTER_MS) return 'unavailable';
  return known.state;
}

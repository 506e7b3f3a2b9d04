import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { type PresenceRoundPorts, PresenceRounds } from './presence-rounds.ts';

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

export interface PresencePorts extends Omit<PresenceRoundPorts, 'isKnown' | 'onTold'> {
  readonly now: () => number;
  /** The servers of the others in these rooms. */
  readonly tellAbroad?: TellPresence | undefined;
  /** Off, nobody is known to be there. */
  readonly isTold: boolean;
  readonly knownMax?: number | undefined;
}

/** Who is there. In memory only: after a change of writer it is learned anew, as clients come back. */
export class Presence {
  readonly #known = new Map<UserId, Known>();
  readonly #ports: PresencePorts;
  readonly #rounds: PresenceRounds;

  constructor(ports: PresencePorts) {
    this.#ports = ports;
    this.#rounds = new PresenceRounds({
      ...ports,
      isKnown: (userId) => this.#known.has(userId),
      onTold: (userId, roomIds) => this.#tellAbroad(userId, roomIds),
    });
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
    this.#rounds.moved(userId, roomId);
  }

  /** Of whom was told in this room behind a counter, 0 for everybody who is known. */
  toldIn(roomId: RoomId, after: number): Iterable<UserId> {
    return this.#rounds.toldIn(roomId, after);
  }

  /** The counter at which something was told last. */
  get newest(): number {
    return this.#rounds.newest;
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
        this.#rounds.again(userId);
      }
    }
  }

  /** Now, and not at the end of the second. */
  tell(): Promise<void> {
    return this.#rounds.tell();
  }

  close(): void {
    this.#rounds.close();
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
    this.#rounds.forget(userId);
  }

  #spread(userId: UserId): void {
    this.#known.get(userId)!.json = undefined;
    this.#rounds.changed(userId);
  }

  #tellAbroad(userId: UserId, roomIds: ReadonlySet<RoomId>): void {
    this.#known.get(userId)!.toldMs = this.#ports.now();
    this.#ports.tellAbroad?.(userId, this.of(userId), roomIds);
  }
}

function stateAt(known: Known, now: number): PresenceState {
  if (known.syncing === 0 && now - known.lastSyncMs > known.offlineAfterMs) return 'offline';
  if (known.state === 'online' && now - known.lastActiveMs > IDLE_AFTER_MS) return 'unavailable';
  return known.state;
}

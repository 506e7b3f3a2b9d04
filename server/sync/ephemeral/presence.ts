import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { ActiveUser } from '../active/active-user.ts';
import type { ActiveUsers } from '../active/active-users.ts';
import type { EphemeralCounter } from './ephemeral-counter.ts';

export type PresenceState = 'online' | 'unavailable' | 'offline';

/** The specification proposes 5 minutes until idle. A client that polls comes back within seconds. */
const IDLE_AFTER_MS = 5 * 60_000;
const OFFLINE_AFTER_MS = 30_000;

interface Known {
  state: PresenceState;
  statusMessage: string | undefined;
  lastActiveMs: number;
  lastSyncMs: number;
  /** Requests that are waiting now: whoever waits is there. */
  syncing: number;
}

export interface PresencePorts {
  readonly counter: EphemeralCounter;
  readonly active: ActiveUsers;
  /** The rooms that the user has joined. */
  readonly joinedRooms: (userId: UserId) => Promise<Iterable<RoomId>>;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  /** Off, nobody is known to be there. */
  readonly isTold: boolean;
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
  readonly #changed = new Set<UserId>();
  #telling: NodeJS.Timeout | undefined;

  constructor(ports: PresencePorts) {
    this.#ports = ports;
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

  /** Something that only a person does: typing, reading, sending. */
  acted(userId: UserId): void {
    const known = this.#known.get(userId);
    if (known === undefined) return;
    known.lastActiveMs = this.#ports.now();
    if (known.state !== 'unavailable') return;
    known.state = 'online';
    this.#spread(userId);
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

  isKnown(userId: UserId): boolean {
    return this.#known.has(userId);
  }

  /** Lets those become idle or offline of whom nothing was heard. To be called every few seconds. */
  sweep(): void {
    const now = this.#ports.now();
    for (const [userId, known] of this.#known) {
      const next = stateAt(known, now);
      if (next === known.state) continue;
      known.state = next;
      this.#spread(userId);
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
        syncing: 0,
      };
      this.#known.set(userId, known);
    }
    return known;
  }

  #spread(userId: UserId): void {
    this.#changed.add(userId);
    this.#telling ??= setTimeout(() => void this.tell(), TOLD_EVERY_MS).unref();
  }

  /** The counter is taken when all who share a room are known: before, nobody may have passed it. */
  async tell(): Promise<void> {
    const { active, counter, joinedRooms, onError } = this.#ports;
    const changed = [...this.#changed];
    this.close();
    if (changed.length === 0) return;
    try {
      const rooms = await Promise.all(changed.map((userId) => joinedRooms(userId)));
      const changedAt = counter.next();
      const told = new Set<ActiveUser>();
      for (const [index, userId] of changed.entries())
        for (const user of usersIn(active, rooms[index]!)) {
          user.presence.note(userId, changedAt);
          told.add(user);
        }
      active.ephemeral(told, changedAt);
    } catch (error) {
      onError(error);
    }
  }

  close(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    this.#changed.clear();
  }
}

function* usersIn(active: ActiveUsers, rooms: Iterable<RoomId>): Iterable<ActiveUser> {
  for (const roomId of rooms) yield* active.inRoom(roomId);
}

function stateAt(known: Known, now: number): PresenceState {
  if (known.syncing === 0 && now - known.lastSyncMs > OFFLINE_AFTER_MS) return 'offline';
  if (known.state === 'online' && now - known.lastActiveMs > IDLE_AFTER_MS) return 'unavailable';
  return known.state;
}

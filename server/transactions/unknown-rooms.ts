import { commitRows } from '../log/commit-rows.ts';
import { ForAWhile } from '../log/for-a-while.ts';
import type { Log } from '../log/log.ts';
import { Lru } from '../log/lru.ts';
import { current, type Window } from '../log/window.ts';
import type { RoomId, ServerName } from '../protocol/identifiers.ts';
import { unknownRoomRow } from '../storage/federation/unknown-rooms.ts';

const DAY_MS = 24 * 3_600_000;
/** In a day, of one server and of all: ids of rooms cost nothing to make up, and a domain has any number of servers. */
export const ROOMS_OF_SERVER_MAX = 100;
export const ROOMS_OF_ALL_MAX = 5_000;

/**
 * Rooms of which others send us events though they are not here: noted once a day for each server. After a loss of
 * everything it is by this that they are found again.
 */
export class UnknownRooms {
  readonly #log: Pick<Log, 'commit'>;
  readonly #now: () => number;
  readonly #noted: ForAWhile<string>;
  readonly #ofServers = new Lru<ServerName, Window>(ROOMS_OF_ALL_MAX);
  #ofAll: Window | undefined;

  constructor(ports: { readonly log: Pick<Log, 'commit'>; readonly now: () => number }) {
    this.#log = ports.log;
    this.#now = ports.now;
    this.#noted = new ForAWhile(2 * ROOMS_OF_ALL_MAX, ports.now);
  }

  /** Resolves when it is committed, or need not be. */
  async note(roomId: RoomId, server: ServerName): Promise<void> {
    const key = `${roomId} ${server}`;
    if (this.#noted.has(key)) return;
    const seenMs = this.#now();
    if (!this.#take(server, seenMs)) return;
    await commitRows(this.#log, [unknownRoomRow({ roomId, server, seenMs })]);
    // Behind the commit: what was refused is written when the next event of the room comes.
    this.#noted.add(key, DAY_MS);
  }

  #take(server: ServerName, nowMs: number): boolean {
    const day = { nowMs, lastsMs: DAY_MS };
    const own = current(this.#ofServers.get(server), day);
    this.#ofAll = current(this.#ofAll, day);
    if (own.count >= ROOMS_OF_SERVER_MAX || this.#ofAll.count >= ROOMS_OF_ALL_MAX) return false;
    own.count += 1;
    this.#ofAll.count += 1;
    this.#ofServers.set(server, own);
    return true;
  }
}

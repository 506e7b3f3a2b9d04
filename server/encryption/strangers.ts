import { Lru } from '../log/lru.ts';
import { type ServerName, serverNameOf, type UserId } from '../protocol/identifiers.ts';
import { limitExceeded, tooLarge } from '../protocol/matrix-error.ts';
import type { Database } from '../storage/database.ts';
import { usersInRooms } from '../storage/federation/joined-rooms.ts';

/** Servers that one user may name within an hour although nobody of them is in a room here. */
const NAMED_MAX = 30;
const WITHIN_MS = 3_600_000;
const USERS_MAX = 10_000;

/**
 * Servers of which nobody is in a room here may have been made up: each is a row, and a way to be tried for a day, so that
 * nobody may name many of them.
 */
export class Strangers {
  readonly #now: () => number;
  readonly #namedMs = new Lru<UserId, Map<ServerName, number>>(USERS_MAX);

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Nothing is noted of who is refused. */
  name(sender: UserId, servers: ReadonlySet<ServerName>): void {
    if (servers.size === 0) return;
    if (servers.size > NAMED_MAX)
      throw tooLarge(`Messages go to at most ${NAMED_MAX} servers that are in no room of this one`);
    const now = this.#now();
    const named = this.#namedLately(sender, now);
    const soonest = Math.min(...named.values());
    for (const server of servers) named.set(server, now);
    if (named.size > NAMED_MAX) throw limitExceeded(soonest + WITHIN_MS - now);
    this.#namedMs.set(sender, named);
  }

  #namedLately(sender: UserId, now: number): Map<ServerName, number> {
    const named = [...(this.#namedMs.get(sender) ?? [])];
    return new Map(named.filter(([, ms]) => now - ms < WITHIN_MS));
  }
}

/** The servers of these users of which none of them is in a room here. */
export async function strangersAmong(
  database: Database,
  userIds: readonly UserId[],
): Promise<ReadonlySet<ServerName>> {
  if (userIds.length === 0) return new Set();
  const met = await usersInRooms(database, userIds);
  return new Set(userIds.map(serverNameOf)).difference(new Set(met.map(serverNameOf)));
}

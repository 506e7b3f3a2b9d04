import { Lru } from '../../log/lru.ts';
import { current, type Window } from '../../log/window.ts';
import type { ServerName, UserId } from '../../protocol/identifiers.ts';
import { domainOfServer } from '../../protocol/server-host.ts';

/** Within an hour: of one user, by one domain, and in all. Each is rows that stay, and lies in its user's /sync. */
export const OF_USER_MAX = 20;
export const OF_DOMAIN_MAX = 100;
export const OF_ALL_MAX = 1_000;
const WITHIN_MS = 3_600_000;
const KEPT_MAX = 10_000;

/**
 * How often those invite who are in no room with anybody here: users and servers cost nothing to make up, and a domain has
 * any number of servers.
 */
export class StrangerInvites {
  readonly #windows = new Lru<string, Window>(KEPT_MAX);
  #ofAll: Window | undefined;

  /** How long to wait; 0 where it is one more. Who has to wait counts for nobody. */
  take({ target, server }: { target: UserId; server: ServerName }, nowMs: number): number {
    this.#ofAll = current(this.#ofAll, { nowMs, lastsMs: WITHIN_MS });
    const ofUser = this.#window(target, nowMs);
    const ofDomain = this.#window(domainOfServer(server), nowMs);
    const all: [Window, number][] = [
      [ofUser, OF_USER_MAX],
      [ofDomain, OF_DOMAIN_MAX],
      [this.#ofAll, OF_ALL_MAX],
    ];
    const full = all.filter(([{ count }, max]) => count >= max).map(([each]) => each.sinceMs);
    if (full.length > 0) return Math.max(...full) + WITHIN_MS - nowMs;
    for (const [window] of all) window.count += 1;
    return 0;
  }

  #window(key: string, nowMs: number): Window {
    const window = current(this.#windows.get(key), { nowMs, lastsMs: WITHIN_MS });
    this.#windows.set(key, window);
    return window;
  }
}

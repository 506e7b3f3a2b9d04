import { Lru } from '../../log/lru.ts';
import { current, type Window } from '../../log/window.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { hostOfServer } from '../../protocol/server-host.ts';

/** Several servers may well be at one host, each at a port of its own. */
const OF_HOST_MAX = 10;
const WITHIN_MS = 60_000;
const HOSTS_MAX = 10_000;

/**
 * How often a host is asked for keys by all the names that it might have: whoever names servers would else have us ask one
 * without end. The server that has the host's own name is never kept waiting by the others.
 */
export class AskedHosts {
  readonly #asked = new Lru<string, Window>(HOSTS_MAX);

  /** Whether it may be asked once more. */
  take(server: ServerName, now: number): boolean {
    const host = hostOfServer(server);
    if (server === host) return true;
    const asked = current(this.#asked.get(host), { nowMs: now, lastsMs: WITHIN_MS });
    if (asked.count >= OF_HOST_MAX) return false;
    asked.count += 1;
    this.#asked.set(host, asked);
    return true;
  }
}

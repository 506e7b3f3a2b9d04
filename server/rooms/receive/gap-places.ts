import type { ServerName } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';
import { domainOfServer } from '../../protocol/server-host.ts';

/** Each asks a server, and holds what it says, for as long as `GAP_MS_MAX`. */
export const GAPS_OF_SERVER_MAX = 2;
/** Whoever has a domain has any number of names in it. */
export const GAPS_OF_DOMAIN_MAX = 8;
export const GAPS_MAX = 32;
/** As many as a transaction has events. */
export const WAITING_OF_SERVER_MAX = 50;
export const WAITING_MAX = 1_000;
const RETRY_MS = 5_000;

interface Waiting {
  readonly server: ServerName;
  readonly begin: () => void;
}

/**
 * How much is asked for at once: the rest waits in the order in which it came. Whoever finds no place in time comes again with
 * all of its transaction: what is told to be refused would not be sent again.
 */
export class GapPlaces {
  readonly #ofServers = new Map<ServerName, number>();
  readonly #ofDomains = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #all = 0;

  /** Throws M_LIMIT_EXCEEDED where there is no place for so long, or too many wait. */
  async run<T>(server: ServerName, withinMs: number, work: () => Promise<T>): Promise<T> {
    if (this.#mayBegin(server)) this.#count(server, 1);
    else await this.#turn(server, withinMs);
    try {
      return await work();
    } finally {
      this.#count(server, -1);
      this.#beginNext();
    }
  }

  #turn(server: ServerName, withinMs: number): Promise<void> {
    const own = [...this.#waiting].filter((each) => each.server === server);
    if (own.length >= WAITING_OF_SERVER_MAX || this.#waiting.size >= WAITING_MAX)
      throw limitExceeded(RETRY_MS);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(limitExceeded(RETRY_MS));
      }, withinMs);
      const begin = () => {
        clearTimeout(late);
        resolve();
      };
      const waiting: Waiting = { server, begin };
      this.#waiting.add(waiting);
    });
  }

  #mayBegin(server: ServerName): boolean {
    return (
      this.#all < GAPS_MAX &&
      (this.#ofServers.get(server) ?? 0) < GAPS_OF_SERVER_MAX &&
      (this.#ofDomains.get(domainOfServer(server)) ?? 0) < GAPS_OF_DOMAIN_MAX
    );
  }

  #beginNext(): void {
    for (const waiting of this.#waiting) {
      if (!this.#mayBegin(waiting.server)) continue;
      this.#waiting.delete(waiting);
      this.#count(waiting.server, 1);
      waiting.begin();
    }
  }

  #count(server: ServerName, by: 1 | -1): void {
    this.#all += by;
    add(this.#ofServers, server, by);
    add(this.#ofDomains, domainOfServer(server), by);
  }
}

function add<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

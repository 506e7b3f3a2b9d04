import type { ServerName } from '../../protocol/identifiers.ts';

/** Each asks a server, and holds what it says, for as long as `GAP_MS_MAX`. */
export const GAPS_OF_SERVER_MAX = 2;
export const GAPS_MAX = 32;

/** How much is asked for at once. Whoever finds no place is told what is missing, and comes again with the next event. */
export class GapPlaces {
  readonly #ofServers = new Map<ServerName, number>();
  #all = 0;

  /** Undefined where there is no place. */
  async run<T>(server: ServerName, work: () => Promise<T>): Promise<T | undefined> {
    const own = this.#ofServers.get(server) ?? 0;
    if (own >= GAPS_OF_SERVER_MAX || this.#all >= GAPS_MAX) return undefined;
    this.#ofServers.set(server, own + 1);
    this.#all += 1;
    try {
      return await work();
    } finally {
      this.#all -= 1;
      const left = this.#ofServers.get(server)! - 1;
      if (left === 0) this.#ofServers.delete(server);
      else this.#ofServers.set(server, left);
    }
  }
}

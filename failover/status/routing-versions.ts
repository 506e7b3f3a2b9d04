import { Changes } from '../changes.ts';
import type { Routing } from '../core/address/routing.ts';
import type { Millis } from '../core/timings.ts';

export type Versioned = Routing & { readonly version: number };

/** Counts the changes of the routing, and lets those wait who have seen the latest one. */
export class RoutingVersions {
  #latest: Versioned | null = null;
  #text = '';
  readonly #changes = new Changes();

  /** Null leaves the routing as it was: not to know is no change. */
  note(routing: Routing | null): void {
    if (routing === null) return;
    const text = JSON.stringify(routing);
    if (text === this.#text) return;
    this.#text = text;
    this.#latest = { version: (this.#latest?.version ?? 0) + 1, ...routing };
    this.#changes.tell();
  }

  /** At once if it is another version than that, else when it changes, or as it is after `withinMs`. */
  async after(version: number, withinMs: Millis, signal: AbortSignal): Promise<Versioned | null> {
    if (this.#latest !== null && this.#latest.version !== version) return this.#latest;
    await this.#changes.next(withinMs, signal);
    return this.#latest;
  }
}

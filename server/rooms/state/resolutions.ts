import { Lru } from '../../log/lru.ts';
import type { Resolved } from './resolve-numbered.ts';

/** Of entries of states, some 80 bytes each. */
const ENTRIES_MAX = 200_000;

/**
 * What stored states resolve to, by their numbers: a state never changes, and messages leave it as it is, so in a busy room
 * the same ones meet again and again.
 */
export class Resolutions {
  readonly #kept: Lru<string, Promise<Resolved>>;

  constructor(entriesMax = ENTRIES_MAX) {
    this.#kept = new Lru(entriesMax);
  }

  /** Whoever comes while it is found out waits for that. */
  of(stateNids: readonly number[], resolve: () => Promise<Resolved>): Promise<Resolved> {
    const key = [...new Set(stateNids)].sort((one, other) => one - other).join();
    const known = this.#kept.get(key);
    if (known) return known;
    const resolved = resolve();
    this.#kept.set(key, resolved);
    resolved.then(
      ({ agreed, decided }) => this.#kept.set(key, resolved, agreed.size + decided.length),
      () => this.#kept.delete(key),
    );
    return resolved;
  }
}

import { Lru } from './lru.ts';

/**
 * What was read from the database, until a record of the log says that it is no longer so. Those used
 * last, as many as weigh `bytesMax` together.
 */
export class Followed<K, V> {
  readonly #kept: Lru<K, V>;
  readonly #bytesOf: (value: V) => number;
  /** By read under way, what changed since it began. */
  readonly #changedIn = new Set<Set<K>>();

  constructor({ bytesMax, bytesOf }: { bytesMax: number; bytesOf: (value: V) => number }) {
    this.#kept = new Lru(bytesMax);
    this.#bytesOf = bytesOf;
  }

  /** To be called by a listener of the log. With what it is now, where that is known, nothing is read again. */
  changed(key: K, value?: V): void {
    this.#kept.delete(key);
    for (const changed of this.#changedIn) changed.add(key);
    if (value !== undefined) this.#kept.set(key, value, this.#bytesOf(value));
  }

  /** `read` is asked for what is missing. What changes meanwhile is answered as it was read, but not kept. */
  async of(
    keys: readonly K[],
    read: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
  ): Promise<ReadonlyMap<K, V>> {
    const found = new Map<K, V>();
    const missing: K[] = [];
    for (const key of keys) {
      const kept = this.#kept.get(key);
      if (kept === undefined) missing.push(key);
      else found.set(key, kept);
    }
    if (missing.length > 0)
      for (const [key, value] of await this.#read(missing, read)) found.set(key, value);
    return found;
  }

  async #read(
    keys: readonly K[],
    read: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
  ): Promise<ReadonlyMap<K, V>> {
    const changed = new Set<K>();
    this.#changedIn.add(changed);
    try {
      const values = await read(keys);
      for (const [key, value] of values)
        if (!changed.has(key)) this.#kept.set(key, value, this.#bytesOf(value));
      return values;
    } finally {
      this.#changedIn.delete(changed);
    }
  }
}

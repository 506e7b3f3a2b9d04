import { Lru } from './lru.ts';

/**
 * What was read from the database, until a record of the log says that it is no longer so. Those used
 * last, as many as weigh `bytesMax` together.
 */
export class Followed<K, V> {
  readonly #kept: Lru<K, V>;
  readonly #bytesOf: (value: V) => number;
  readonly #underWay = new Set<Reading<K, V>>();

  constructor({ bytesMax, bytesOf }: { bytesMax: number; bytesOf: (value: V) => number }) {
    this.#kept = new Lru(bytesMax);
    this.#bytesOf = bytesOf;
  }

  /** To be called by a listener of the log. With what it is now, where that is known, nothing is read again. */
  changed(key: K, value?: V): void {
    this.#kept.delete(key);
    for (const { changed } of this.#underWay) changed.add(key);
    if (value !== undefined) this.#kept.set(key, value, this.#bytesOf(value));
  }

  /** Anything may be otherwise. */
  clear(): void {
    this.#kept.deleteIf(() => true);
    for (const { keys, changed } of this.#underWay) for (const key of keys) changed.add(key);
  }

  /**
   * `read` is asked for what is missing, once for all who ask while it reads. What changes meanwhile is
   * answered as it was read, but not kept, and is read anew for those who ask from then on.
   */
  async of(
    keys: readonly K[],
    read: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
  ): Promise<ReadonlyMap<K, V>> {
    const found = new Map<K, V>();
    const awaited: { key: K; reading: Reading<K, V> }[] = [];
    const missing: K[] = [];
    for (const key of keys) {
      const kept = this.#kept.get(key);
      const reading = kept === undefined ? this.#readingOf(key) : undefined;
      if (kept !== undefined) found.set(key, kept);
      else if (reading) awaited.push({ key, reading });
      else missing.push(key);
    }
    if (missing.length > 0)
      for (const [key, value] of await this.#begin(missing, read).values) found.set(key, value);
    for (const { key, reading } of awaited) {
      const value = (await reading.values).get(key);
      if (value !== undefined) found.set(key, value);
    }
    return found;
  }

  #readingOf(key: K): Reading<K, V> | undefined {
    for (const reading of this.#underWay)
      if (reading.keys.has(key) && !reading.changed.has(key)) return reading;
    return undefined;
  }

  #begin(
    keys: readonly K[],
    read: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
  ): Reading<K, V> {
    const changed = new Set<K>();
    const values = this.#read(keys, changed, read).finally(() => this.#underWay.delete(reading));
    const reading = { keys: new Set(keys), changed, values };
    this.#underWay.add(reading);
    return reading;
  }

  async #read(
    keys: readonly K[],
    changed: ReadonlySet<K>,
    read: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
  ): Promise<ReadonlyMap<K, V>> {
    const values = await read(keys);
    for (const [key, value] of values)
      if (!changed.has(key)) this.#kept.set(key, value, this.#bytesOf(value));
    return values;
  }
}

interface Reading<K, V> {
  readonly keys: ReadonlySet<K>;
  /** Since it began. */
  readonly changed: Set<K>;
  readonly values: Promise<ReadonlyMap<K, V>>;
}

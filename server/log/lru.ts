/** A map that holds the entries used last, as many as their weights together allow. */
export class Lru<K, V> {
  readonly #entries = new Map<K, Weighed<V>>();
  readonly #weightMax: number;
  readonly #onGone: (value: V) => void;
  #weight = 0;

  /** `onGone` is told of each that is not held any more. */
  constructor(weightMax: number, onGone: (value: V) => void = () => {}) {
    this.#weightMax = weightMax;
    this.#onGone = onGone;
  }

  /** Of all entries together. */
  get weight(): number {
    return this.#weight;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** One that is heavier than all may be together is not kept, and takes nobody else's place. */
  set(key: K, value: V, weight = 1): void {
    this.delete(key);
    if (weight > this.#weightMax) return void this.#onGone(value);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#weightMax) return;
      this.delete(oldest);
    }
  }

  /** Changes all entries where they are: it does not count as use. */
  update(change: (value: V) => V): void {
    for (const entry of this.#entries.values()) entry.value = change(entry.value);
  }

  deleteIf(test: (value: V) => boolean): void {
    for (const [key, { value }] of this.#entries) if (test(value)) this.delete(key);
  }

  deleteKeysIf(test: (key: K) => boolean): void {
    for (const key of this.#entries.keys()) if (test(key)) this.delete(key);
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
    this.#onGone(entry.value);
  }
}

interface Weighed<V> {
  value: V;
  readonly weight: number;
}

import { Lru } from './lru.ts';

/** What holds of some for a while, such as that they did not answer: forgotten then, or where there are too many. */
export class ForAWhile<Key> {
  readonly #untilMs: Lru<Key, number>;
  readonly #now: () => number;

  constructor(keptMax: number, now: () => number = () => performance.now()) {
    this.#untilMs = new Lru(keptMax);
    this.#now = now;
  }

  /** From now on, whatever was said before. */
  add(key: Key, forMs: number): void {
    this.#untilMs.set(key, this.#now() + forMs);
  }

  /** It holds no longer. */
  forget(key: Key): void {
    this.#untilMs.delete(key);
  }

  has(key: Key): boolean {
    return (this.#untilMs.get(key) ?? 0) > this.#now();
  }
}

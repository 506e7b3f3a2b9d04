/** How many there are, and how much they weigh together. */
export class Sum {
  count = 0;
  bytes = 0;

  add(bytes: number, count = 1): void {
    this.count += count;
    this.bytes += bytes;
  }

  subtract(bytes: number, count = 1): void {
    this.count -= count;
    this.bytes -= bytes;
  }
}

/** The same of each, and of all together; nothing is kept of those of whom there is nothing. */
export class Sums<Key> {
  readonly #all = new Sum();
  readonly #sums = new Map<Key, Sum>();

  get all(): Readonly<Sum> {
    return this.#all;
  }

  of(key: Key): Readonly<Sum> {
    return this.#sums.get(key) ?? NOTHING;
  }

  add(key: Key, bytes: number, count = 1): void {
    const sum = this.#sums.get(key) ?? new Sum();
    this.#sums.set(key, sum);
    sum.add(bytes, count);
    this.#all.add(bytes, count);
  }

  subtract(key: Key, bytes: number, count = 1): void {
    const sum = this.#sums.get(key);
    // What was nothing left nothing.
    if (!sum) return;
    sum.subtract(bytes, count);
    this.#all.subtract(bytes, count);
    if (sum.count === 0 && sum.bytes === 0) this.#sums.delete(key);
  }
}

const NOTHING: Readonly<Sum> = new Sum();

/** How many there are, and how much they weigh together. */
export class Sum {
  count = 0;
  bytes = 0;

  add(bytes: number): void {
    this.count += 1;
    this.bytes += bytes;
  }

  subtract(bytes: number): void {
    this.count -= 1;
    this.bytes -= bytes;
  }
}

/** The same of each; nothing is kept of those of whom there is nothing. */
export class Sums<Key> {
  readonly #sums = new Map<Key, Sum>();

  of(key: Key): Readonly<Sum> {
    return this.#sums.get(key) ?? NOTHING;
  }

  add(key: Key, bytes: number): void {
    const sum = this.#sums.get(key) ?? new Sum();
    this.#sums.set(key, sum);
    sum.add(bytes);
  }

  subtract(key: Key, bytes: number): void {
    const sum = this.#sums.get(key)!;
    sum.subtract(bytes);
    if (sum.count === 0) this.#sums.delete(key);
  }
}

const NOTHING: Readonly<Sum> = new Sum();

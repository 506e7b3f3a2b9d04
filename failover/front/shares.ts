/** Who takes a share: a user whose token the writer knows, or an address of which nothing is known. */
export interface Taker {
  readonly key: string;
  readonly known: boolean;
}

/** The largest part of the whole that one user, or one address, may have. */
const ONE_OF = 8;
/** What strangers may have together; the rest is kept for users whom the writer knows. */
const STRANGERS_ONE_OF = 2;

/**
 * Something bounded that all clients share: memory, disk, places. The worst that one client does costs
 * that client: it comes to the end of its own share first, and strangers to the end of theirs.
 */
export class Shares {
  readonly #max: number;
  readonly #taken = new Map<string, number>();
  #all = 0;
  #strangers = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#all;
  }

  /** The most that one taker may ever have. */
  get largest(): number {
    return Math.ceil(this.#max / ONE_OF);
  }

  /** Whether it would be taken now. */
  hasRoom({ key, known }: Taker, amount: number): boolean {
    const own = (this.#taken.get(key) ?? 0) + amount;
    if (this.#all + amount > this.#max || own > this.largest) return false;
    return known || this.#strangers + amount <= Math.ceil(this.#max / STRANGERS_ONE_OF);
  }

  /** Takes all of it, or nothing. */
  take({ key, known }: Taker, amount: number): boolean {
    if (!this.hasRoom({ key, known }, amount)) return false;
    this.#taken.set(key, (this.#taken.get(key) ?? 0) + amount);
    this.#all += amount;
    if (!known) this.#strangers += amount;
    return true;
  }

  /** By the same taker that took it. */
  give({ key, known }: Taker, amount: number): void {
    const own = (this.#taken.get(key) ?? 0) - amount;
    if (own > 0) this.#taken.set(key, own);
    else this.#taken.delete(key);
    this.#all -= amount;
    if (!known) this.#strangers -= amount;
  }
}

/** What the queue of the log may hold, all together and for one subject. */
export interface ShareBounds {
  readonly changes: number;
  readonly bytes: number;
  /** Of both, what one subject may have of it. */
  readonly ofOne: number;
}

interface Amount {
  changes: number;
  bytes: number;
}

export type Full = 'own' | 'all';

/** How much is waiting, and whose it is: the worst that one user sends costs that user. */
export class Shares {
  readonly #bounds: ShareBounds;
  readonly #all: Amount = { changes: 0, bytes: 0 };
  readonly #bySubject = new Map<string, Amount>();

  constructor(bounds: ShareBounds) {
    this.#bounds = bounds;
  }

  /** Whose bound is reached, before a change is built: its size is not known, and may pass the bound. */
  whatIsFull(subject: string): Full | undefined {
    const own = this.#bySubject.get(subject);
    if (own && !isBelow(own, this.#bounds, this.#bounds.ofOne)) return 'own';
    return isBelow(this.#all, this.#bounds, 1) ? undefined : 'all';
  }

  take(subject: string, bytes: number): void {
    const own = this.#bySubject.get(subject) ?? { changes: 0, bytes: 0 };
    this.#bySubject.set(subject, own);
    add(own, 1, bytes);
    add(this.#all, 1, bytes);
  }

  give(subject: string, bytes: number): void {
    const own = this.#bySubject.get(subject)!;
    add(own, -1, -bytes);
    add(this.#all, -1, -bytes);
    if (own.changes === 0) this.#bySubject.delete(subject);
  }
}

const isBelow = (amount: Amount, bounds: ShareBounds, part: number) =>
  amount.changes < bounds.changes * part && amount.bytes < bounds.bytes * part;

function add(amount: Amount, changes: number, bytes: number) {
  amount.changes += changes;
  amount.bytes += bytes;
}

import { type Sum, Sums } from './sums.ts';

/** What the queue of the log may hold, all together and for one subject. */
export interface ShareBounds {
  readonly changes: number;
  readonly bytes: number;
  /** Of both, what one subject may have of it. */
  readonly ofOne: number;
}

export type Full = 'own' | 'all';

/** How much is waiting, and whose it is: the worst that one user sends costs that user. */
export class Shares {
  readonly #bounds: ShareBounds;
  readonly #bySubject = new Sums<string>();

  constructor(bounds: ShareBounds) {
    this.#bounds = bounds;
  }

  /** Whose bound is reached, before a change is built: its size is not known, and may pass the bound. */
  whatIsFull(subject: string): Full | undefined {
    const own = this.#bySubject.of(subject);
    if (own.count > 0 && !isBelow(own, this.#bounds, this.#bounds.ofOne)) return 'own';
    return isBelow(this.#bySubject.all, this.#bounds, 1) ? undefined : 'all';
  }

  take(subject: string, bytes: number): void {
    this.#bySubject.add(subject, bytes);
  }

  give(subject: string, bytes: number): void {
    this.#bySubject.subtract(subject, bytes);
  }
}

const isBelow = ({ count, bytes }: Readonly<Sum>, bounds: ShareBounds, part: number) =>
  count < bounds.changes * part && bytes < bounds.bytes * part;

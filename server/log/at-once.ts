/** How many places there are for all together, and how many of these one may have. */
export interface AtOnceMax {
  readonly all: number;
  readonly ofOne: number;
}

/** So much at once of all, and so much of one. Whoever comes beyond that gets no place: nobody waits here, as they do for turns. */
export class AtOnce<Key> {
  readonly #max: AtOnceMax;
  readonly #ofOne = new Map<Key, number>();
  #all = 0;

  constructor(max: AtOnceMax) {
    this.#max = max;
  }

  /** What it gives gives the place back, and is called once; undefined where there is none. */
  take(key: Key): (() => void) | undefined {
    const own = this.#ofOne.get(key) ?? 0;
    if (own >= this.#max.ofOne || this.#all >= this.#max.all) return undefined;
    this.#ofOne.set(key, own + 1);
    this.#all += 1;
    return () => this.#giveBack(key);
  }

  #giveBack(key: Key): void {
    this.#all -= 1;
    const left = this.#ofOne.get(key)! - 1;
    if (left === 0) this.#ofOne.delete(key);
    else this.#ofOne.set(key, left);
  }
}

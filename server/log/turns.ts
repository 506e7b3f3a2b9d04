/** So much at once: the rest waits, in the order in which it came. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  readonly #atOnceMax: number;
  #free: number;

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
    this.#free = atOnceMax;
  }

  /** Nobody has a turn, so nobody waits for one. */
  get isIdle(): boolean {
    return this.#free === this.#atOnceMax;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Begins at once where it may. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#take()) await this.#called();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** What it gives ends the turn, and is called once. */
  async enter(): Promise<() => void> {
    if (!this.#take()) await this.#called();
    return () => this.#leave();
  }

  #take(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  #called(): Promise<void> {
    return new Promise((called) => this.#waiting.push(called));
  }

  /** Whoever waits takes the turn over: nobody comes between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}

/** So much at once of each. Nothing is kept of those of whom nothing is under way. */
export class TurnsOf<Key> {
  readonly #atOnceMax: number;
  readonly #turns = new Map<Key, Turns>();

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
  }

  /** Of how many something is under way. */
  get size(): number {
    return this.#turns.size;
  }

  async run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const leave = await this.enter(key);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** What it gives ends the turn, and is called once. */
  async enter(key: Key): Promise<() => void> {
    const own = this.#turns.get(key) ?? new Turns(this.#atOnceMax);
    this.#turns.set(key, own);
    const leave = await own.enter();
    return () => {
      leave();
      if (own.isIdle) this.#turns.delete(key);
    };
  }
}

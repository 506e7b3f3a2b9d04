/** So much at once: the rest waits, in the order in which it came. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(atOnceMax: number) {
    this.#free = atOnceMax;
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

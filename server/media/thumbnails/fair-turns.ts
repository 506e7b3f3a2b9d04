import { limitExceeded } from '../../protocol/matrix-error.ts';

export interface TurnBounds {
  readonly atOnce: number;
  readonly waiting: number;
  readonly waitingOfOne: number;
}

const TRY_AGAIN_MS = 1_000;

/** So much at once, and who waits gets a turn in rounds, one of each: whoever asks for much waits for themselves. */
export class FairTurns {
  readonly #bounds: TurnBounds;
  /** Whose turn is next is first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #waitingCount = 0;
  #free: number;

  constructor(bounds: TurnBounds) {
    this.#bounds = bounds;
    this.#free = bounds.atOnce;
  }

  /** Throws M_LIMIT_EXCEEDED where too many wait already. */
  async run<T>(who: string, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turnOf(who);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #turnOf(who: string): Promise<void> {
    const { waiting, waitingOfOne } = this.#bounds;
    const own = this.#waiting.get(who) ?? [];
    if (this.#waitingCount >= waiting || own.length >= waitingOfOne)
      throw limitExceeded(TRY_AGAIN_MS);
    this.#waiting.set(who, own);
    this.#waitingCount += 1;
    return new Promise((called) => own.push(called));
  }

  #next(): void {
    const [who, own] = this.#waiting.entries().next().value ?? [];
    if (who === undefined || !own) {
      this.#free += 1;
      return;
    }
    const called = own.shift()!;
    this.#waitingCount -= 1;
    this.#waiting.delete(who);
    if (own.length > 0) this.#waiting.set(who, own);
    called();
  }
}

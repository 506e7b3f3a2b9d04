import { Rounds } from '../../log/rounds.ts';

const WAITING_MAX = 10_000;

/**
 * Work of which the newest by its key is enough: one after the other, each when what it replaced would have had its turn.
 * Beyond so many, what has waited longest is not done any more.
 */
export class Newest {
  readonly #waiting = new Map<string, () => Promise<void>>();
  readonly #rounds: Rounds;
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#rounds = new Rounds({
      isThere: () => this.#waiting.size > 0,
      round: () => this.#next(),
    });
  }

  put(key: string, work: () => Promise<void>): void {
    this.#waiting.set(key, work);
    if (this.#waiting.size > WAITING_MAX) this.#waiting.delete(this.#waiting.keys().next().value!);
    this.#rounds.wake();
  }

  async #next(): Promise<void> {
    const [key, work] = this.#waiting.entries().next().value!;
    this.#waiting.delete(key);
    await work().catch(this.#onError);
  }
}

import { Turns } from '../../log/turns.ts';

/** How many requests are under way at once, each a socket. */
export interface PlacesMax {
  /** To servers that answered last, for as long as they are quick. */
  readonly prompt: number;
  /** Of those, that wait for an answer for longer. */
  readonly slow: number;
  /** To servers that did not answer last. */
  readonly failing: number;
}

export const PLACES_MAX: PlacesMax = { prompt: 96, slow: 256, failing: 48 };

const PROMPT_MS = 2_000;

/**
 * Who waits for whom. A dead server costs a place for as long as it takes to be sure: those that failed before have
 * places of their own, and whoever turns out to be slow makes way for those who are not.
 */
export class Places {
  readonly #prompt: Turns;
  readonly #failing: Turns;
  readonly #slowMax: number;
  readonly #promptMs: number;
  #slow = 0;

  constructor(max: PlacesMax = PLACES_MAX, promptMs = PROMPT_MS) {
    this.#prompt = new Turns(max.prompt);
    this.#failing = new Turns(max.failing);
    this.#slowMax = max.slow;
    this.#promptMs = promptMs;
  }

  async run<T>(kind: 'prompt' | 'failing', work: () => Promise<T>): Promise<T> {
    const release = kind === 'failing' ? await this.#failing.enter() : await this.#enterPrompt();
    try {
      return await work();
    } finally {
      release();
    }
  }

  async #enterPrompt(): Promise<() => void> {
    const leave = await this.#prompt.enter();
    let isSlow = false;
    const timer = setTimeout(() => {
      if (this.#slow >= this.#slowMax) return;
      isSlow = true;
      this.#slow += 1;
      leave();
    }, this.#promptMs);
    timer.unref();
    return () => {
      clearTimeout(timer);
      if (isSlow) this.#slow -= 1;
      else leave();
    };
  }
}

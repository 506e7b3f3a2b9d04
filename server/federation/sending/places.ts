import { Turns } from '../../log/turns.ts';

/** Servers that answered last, those that did not, and those that never did yet: whoever names servers may have made them up. */
export type Standing = 'prompt' | 'failing' | 'unknown';

/** How many requests are under way at once, each a socket. */
export interface LaneMax {
  /** For as long as they are quick. */
  readonly atOnce: number;
  /** Of those, that wait for an answer for longer. */
  readonly slow: number;
}

export type PlacesMax = Readonly<Record<Standing, LaneMax>>;

export const PLACES_MAX: PlacesMax = {
  prompt: { atOnce: 96, slow: 256 },
  failing: { atOnce: 48, slow: 0 },
  unknown: { atOnce: 32, slow: 96 },
};

const PROMPT_MS = 2_000;

/**
 * Who waits for whom. A dead server costs a place for as long as it takes to be sure: those that failed before, and those
 * that nobody has heard of, have places of their own, and whoever turns out to be slow makes way for those who are not.
 */
export class Places {
  readonly #lanes: Readonly<Record<Standing, Lane>>;

  constructor(max: PlacesMax = PLACES_MAX, promptMs = PROMPT_MS) {
    this.#lanes = {
      prompt: new Lane(max.prompt, promptMs),
      failing: new Lane(max.failing, promptMs),
      unknown: new Lane(max.unknown, promptMs),
    };
  }

  async run<T>(standing: Standing, work: () => Promise<T>): Promise<T> {
    const release = await this.#lanes[standing].enter();
    try {
      return await work();
    } finally {
      release();
    }
  }
}

class Lane {
  readonly #turns: Turns;
  readonly #slowMax: number;
  readonly #promptMs: number;
  #slow = 0;

  constructor({ atOnce, slow }: LaneMax, promptMs: number) {
    this.#turns = new Turns(atOnce);
    this.#slowMax = slow;
    this.#promptMs = promptMs;
  }

  async enter(): Promise<() => void> {
    const leave = await this.#turns.enter();
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

import { Lru } from '../../../log/lru.ts';

/** Of which one was too much is left alone for so long; and twice as long each time. */
const REST_MS = 5 * 60_000;
const REST_MS_MAX = 60 * 60_000;
const RESTING_MAX = 10_000;
/** So long it is known that one was. */
const KNOWN_MS = 24 * 3_600_000;

interface Failed {
  readonly times: number;
  readonly lastMs: number;
  readonly restsUntilMs: number;
}

/** Who rests, since of theirs one was too much: rooms, or domains in a room. */
export class Rests {
  readonly #failed = new Lru<string, Failed>(RESTING_MAX);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  restMs(of: string): number {
    return Math.max(0, (this.#failed.get(of)?.restsUntilMs ?? 0) - this.#now());
  }

  /** How often one was too much since one was not. */
  times(of: string): number {
    return this.#failed.get(of)?.times ?? 0;
  }

  /** One was too much within a day. */
  isKnown(of: string): boolean {
    const failed = this.#failed.get(of);
    return failed !== undefined && failed.lastMs + KNOWN_MS > this.#now();
  }

  wasTooMuch(of: string): void {
    const times = this.times(of);
    this.#put(of, { times: times + 1, restMs: doubled(REST_MS, times, REST_MS_MAX) });
  }

  /** Without any fault of theirs. */
  rest(of: string, restMs: number): void {
    this.#put(of, { times: this.times(of), restMs });
  }

  wasResolved(of: string): void {
    const failed = this.#failed.get(of);
    if (failed) this.#failed.set(of, { ...failed, times: 0, restsUntilMs: 0 });
  }

  #put(of: string, { times, restMs }: { readonly times: number; readonly restMs: number }): void {
    const now = this.#now();
    const restsUntilMs = now + Math.max(restMs, this.restMs(of));
    this.#failed.set(of, { times, lastMs: now, restsUntilMs });
  }
}

export const doubled = (ms: number, times: number, msMax: number): number =>
  Math.min(ms * 2 ** times, msMax);

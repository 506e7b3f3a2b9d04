import { setTimeout as sleep } from 'node:timers/promises';

const WAITING_MAX = 10_000;

/** Who waits for something to come, by its name. */
export class Awaited {
  readonly #waiting = new Map<string, Set<() => void>>();
  #count = 0;
  #isClosed = false;

  /** Resolves when it has come, the time is over, or there are too many who wait. */
  async wait(name: string, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> {
    if (this.#isClosed || this.#count >= WAITING_MAX) return;
    const over = new AbortController();
    const come = () => over.abort();
    const others = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, others.add(come));
    this.#count += 1;
    try {
      const either = AbortSignal.any([over.signal, signal]);
      await sleep(ms, undefined, { signal: either, ref: false }).catch(() => {});
    } finally {
      this.#count -= 1;
      others.delete(come);
      if (others.size === 0 && this.#waiting.get(name) === others) this.#waiting.delete(name);
    }
  }

  come(name: string): void {
    for (const come of this.#waiting.get(name) ?? []) come();
  }

  /** Nobody has to wait for the end of this server. */
  close(): void {
    this.#isClosed = true;
    for (const name of this.#waiting.keys()) this.come(name);
  }
}

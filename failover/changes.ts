/** Wakes those who wait for a change, whatever it was: they look again. */
export class Changes {
  readonly #waiting = new Set<() => void>();
  readonly #listeners: (() => void)[] = [];

  /** Called at once with each change. */
  on(listener: () => void): void {
    this.#listeners.push(listener);
  }

  tell(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
    for (const listener of this.#listeners) listener();
  }

  /** Resolves at the next change, after `withinMs`, or when the signal aborts: look again then. */
  async next(withinMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** As long as a timer can be: no limit, since something else ends the wait. */
export const NO_LIMIT_MS = 2 ** 31 - 1;

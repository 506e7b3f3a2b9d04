/**
 * The time that writers have run, in milliseconds: it goes on by the monotonic clock from where the
 * database has it, and stands while there is no writer. What is kept for a time is kept by it; the
 * clock on the wall may jump, and all outcomes would be gone at once.
 */
export class LogClock {
  readonly #startMs: number;
  readonly #beganMs: number;
  readonly #monotonicMs: () => number;

  constructor(startMs: number, monotonicMs = () => performance.now()) {
    this.#startMs = startMs;
    this.#monotonicMs = monotonicMs;
    this.#beganMs = monotonicMs();
  }

  nowMs(): number {
    return this.#startMs + this.#monotonicMs() - this.#beganMs;
  }
}

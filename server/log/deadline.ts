import { openSync, readSync } from 'node:fs';

/**
 * Until when this writer may answer clients (D3.2), on a clock that goes on while the machine sleeps
 * (CLOCK_BOOTTIME): whoever wakes up after the deadline knows it before it says a word.
 */
export class Deadline {
  #untilMs: number;
  #lapses = 0;
  #renewalsAwaited = 0;
  readonly #nowMs: () => number;
  readonly #listeners: (() => void)[] = [];

  constructor(untilMs: number, nowMs = bootTimeMs) {
    this.#untilMs = untilMs;
    this.#nowMs = nowMs;
  }

  /** Alone on one machine nobody else can become the writer. */
  static readonly none = (): Deadline => new Deadline(Number.POSITIVE_INFINITY);

  mayAnswer(): boolean {
    if (this.#isNone) return true;
    return this.#renewalsAwaited === 0 && this.#nowMs() < this.#untilMs;
  }

  /**
   * Nobody is answered until the agent has spoken twice: what gave this leave may have changed while it could not be heard of, and one renewal
   * may have been on its way already. Its renewals come one after the other.
   */
  doubt() {
    if (!this.#isNone) this.#renewalsAwaited = 2;
  }

  /** How often it was renewed only when it had passed, or was in doubt. */
  get lapses(): number {
    return this.#lapses;
  }

  /**
   * Never shortens: an answer that was given under the later deadline cannot be taken back. But nought says
   * that nobody may be answered from now on, while this stays the writer (D3.4, the gate).
   */
  renew(untilMs: number) {
    if (!this.mayAnswer()) this.#lapses += 1;
    if (this.#renewalsAwaited > 0) this.#renewalsAwaited -= 1;
    this.#untilMs = untilMs === 0 ? 0 : Math.max(this.#untilMs, untilMs);
    for (const listener of this.#listeners) listener();
  }

  onRenewed(listener: () => void) {
    this.#listeners.push(listener);
  }

  get #isNone(): boolean {
    return this.#untilMs === Number.POSITIVE_INFINITY;
  }
}

/** Without it no deadline can be kept, so a site must not begin. */
export class NoBootClock extends Error {
  override readonly name = 'NoBootClock';
}

let uptime: number | undefined;
const text = Buffer.alloc(32);

/** Read at each question, 2 us: a value kept by a timer is what a frozen process would trust. */
export function bootTimeMs(): number {
  uptime ??= openClock('/proc/uptime');
  const length = readSync(uptime, text, 0, text.length, 0);
  return Number.parseFloat(text.toString('latin1', 0, length)) * 1_000;
}

/** Throws {@link NoBootClock}. */
export function openClock(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new NoBootClock(
      `The time since the machine's start cannot be read from ${path}: let the server see it (in a systemd unit, ProcSubset=pid hides it).`,
      { cause },
    );
  }
}

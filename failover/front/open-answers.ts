/** It can do without its connection to the writer, and asks for the rest later. */
export interface Suspendable {
  suspend(): void;
}

/** So many are left alone, however slowly their clients read. */
const OPEN_MAX = 64;
/** Whoever has taken nothing for so long may go on a moment later. */
const STALLED_MS = 1_000;
const LOOK_EVERY_MS = 500;

/**
 * Long answers that the writer still has something to send of. Each is a connection to it by TLS, and what both ends
 * have read ahead: a quarter of a megabyte in either program. Beyond a few, those whose clients take nothing are suspended.
 */
export class OpenAnswers {
  readonly #now: () => number;
  readonly #max: number;
  readonly #open = new Set<Suspendable>();
  /** Whose clients have not taken what they were given last, and since when; the longest first. */
  readonly #untaken = new Map<Suspendable, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(now: () => number, max = OPEN_MAX) {
    this.#now = now;
    this.#max = max;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  get count(): number {
    return this.#open.size;
  }

  begun(answer: Suspendable): void {
    this.#open.add(answer);
  }

  ended(answer: Suspendable): void {
    this.#open.delete(answer);
    this.#untaken.delete(answer);
  }

  given(answer: Suspendable): void {
    this.#untaken.set(answer, this.#now());
  }

  taken(answer: Suspendable): void {
    this.#untaken.delete(answer);
  }

  look(): void {
    const before = this.#now() - STALLED_MS;
    for (const [answer, sinceMs] of this.#untaken) {
      if (this.#open.size <= this.#max || sinceMs > before) return;
      answer.suspend();
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

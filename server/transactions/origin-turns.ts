import type { ServerName } from '../protocol/identifiers.ts';
import { limitExceeded } from '../protocol/matrix-error.ts';

export interface TurnBounds {
  /** Of one server, behind the one that is at work. */
  readonly waitingOfOriginMax: number;
  /** Of all servers. */
  readonly atWorkMax: number;
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  readonly waitMsMax: number;
  /** Whoever takes longer leaves a place to others: what it waits for has bounds of its own. */
  readonly promptMs: number;
}

/** "Transactions MUST be sent one at a time": who has more under way than one and a repeat of it waits, or has to come again. */
export const TURN_BOUNDS: TurnBounds = {
  waitingOfOriginMax: 2,
  atWorkMax: 32,
  waitingMax: 1_000,
  waitingBytesMax: 64 * 1_048_576,
  waitMsMax: 30_000,
  promptMs: 2_000,
};

const RETRY_MS = 2_000;

interface Load {
  readonly origin: ServerName;
  /** What it holds in memory while it waits. */
  readonly bytes: () => number;
}

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/** Of each server one at a time; of all so many, whoever has waited longest first: a server that sends much waits for itself. */
export class OriginTurns {
  readonly #bounds: TurnBounds;
  readonly #atWork = new Set<ServerName>();
  /** In the order in which they came; one that had its turn goes behind the others. */
  readonly #waiting = new Map<ServerName, Waiting[]>();
  readonly #sum = { count: 0, bytes: 0 };
  #places: number;

  constructor(bounds: TurnBounds = TURN_BOUNDS) {
    this.#bounds = bounds;
    this.#places = bounds.atWorkMax;
  }

  /** Throws M_LIMIT_EXCEEDED where too much waits, or for too long. */
  async run<T>({ origin, bytes }: Load, work: () => Promise<T>): Promise<T> {
    await this.#turn(origin, bytes);
    const leave = this.#leaving();
    try {
      return await work();
    } finally {
      this.#atWork.delete(origin);
      leave();
      this.#beginNext();
    }
  }

  async #turn(origin: ServerName, bytesOf: () => number): Promise<void> {
    if (this.#places > 0 && !this.#atWork.has(origin)) return this.#take(origin);
    const bytes = bytesOf();
    const own = this.#waiting.get(origin) ?? [];
    this.#refuseTooMuch(own, bytes);
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        this.#forget(origin, waiting);
        reject(limitExceeded(RETRY_MS));
      }, this.#bounds.waitMsMax).unref();
      const begin = () => {
        clearTimeout(late);
        resolve();
      };
      const waiting: Waiting = { bytes, begin };
      own.push(waiting);
      this.#waiting.set(origin, own);
      this.#count(1, bytes);
    });
  }

  #refuseTooMuch(own: readonly Waiting[], bytes: number): void {
    const { waitingOfOriginMax, waitingMax, waitingBytesMax } = this.#bounds;
    const isTooMuch =
      own.length >= waitingOfOriginMax ||
      this.#sum.count >= waitingMax ||
      this.#sum.bytes + bytes > waitingBytesMax;
    if (isTooMuch) throw limitExceeded(RETRY_MS);
  }

  #take(origin: ServerName): void {
    this.#places -= 1;
    this.#atWork.add(origin);
  }

  /** Gives the place back once, however long the work takes. */
  #leaving(): () => void {
    let isHeld = true;
    const leave = () => {
      clearTimeout(slow);
      if (isHeld) this.#places += 1;
      isHeld = false;
    };
    const slow = setTimeout(() => {
      leave();
      this.#beginNext();
    }, this.#bounds.promptMs).unref();
    return leave;
  }

  #beginNext(): void {
    for (const [origin, own] of this.#waiting) {
      if (this.#places === 0) return;
      if (this.#atWork.has(origin)) continue;
      const next = own[0]!;
      this.#forget(origin, next);
      // Behind all others that wait.
      if (own.length > 0) {
        this.#waiting.delete(origin);
        this.#waiting.set(origin, own);
      }
      this.#take(origin);
      next.begin();
    }
  }

  #forget(origin: ServerName, waiting: Waiting): void {
    const own = this.#waiting.get(origin)!;
    own.splice(own.indexOf(waiting), 1);
    if (own.length === 0) this.#waiting.delete(origin);
    this.#count(-1, -waiting.bytes);
  }

  #count(count: number, bytes: number): void {
    this.#sum.count += count;
    this.#sum.bytes += bytes;
  }
}

import { limitExceeded } from '../protocol/matrix-error.ts';

export interface TurnBounds {
  readonly atOnce: number;
  /** As many as of all unless told. */
  readonly atOnceOfOne?: number;
  /** Of `atOnce`, those that only who has none under way gets: none unless told. */
  readonly keptForOthers?: number;
  readonly waiting: number;
  readonly waitingOfOne: number;
}

const TRY_AGAIN_MS = 1_000;

interface Waiter {
  readonly called: () => void;
  readonly turnedAway: (why: unknown) => void;
}

/** So much at once, and who waits gets a turn in rounds, one of each: whoever asks for much waits for themselves. */
export class FairTurns {
  readonly #bounds: Required<TurnBounds>;
  /** Whose turn is next is first. */
  readonly #waiting = new Map<string, Waiter[]>();
  readonly #busy = new Map<string, number>();
  #waitingCount = 0;
  #free: number;

  constructor(bounds: TurnBounds) {
    this.#bounds = { atOnceOfOne: bounds.atOnce, keptForOthers: 0, ...bounds };
    this.#free = bounds.atOnce;
  }

  /** Throws M_LIMIT_EXCEEDED where too many wait already, or come that have fewer waiting, and the signal's reason where it comes before the turn. */
  async run<T>(who: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#mayBegin(who)) this.#begin(who);
    else await this.#turnOf(who, signal);
    try {
      return await work();
    } finally {
      this.#end(who);
    }
  }

  /** The same; what it gives ends the turn, and is called once. */
  async enter(who: string, signal?: AbortSignal): Promise<() => void> {
    if (this.#mayBegin(who)) this.#begin(who);
    else await this.#turnOf(who, signal);
    return () => this.#end(who);
  }

  /** Nobody has a turn, so nobody waits for one. */
  get isIdle(): boolean {
    return this.#free === this.#bounds.atOnce;
  }

  #mayBegin(who: string): boolean {
    const { atOnceOfOne, keptForOthers } = this.#bounds;
    const busy = this.#busy.get(who) ?? 0;
    return this.#free > (busy === 0 ? 0 : keptForOthers) && busy < atOnceOfOne;
  }

  #begin(who: string): void {
    this.#free -= 1;
    this.#busy.set(who, (this.#busy.get(who) ?? 0) + 1);
  }

  #turnOf(who: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { waiting, waitingOfOne } = this.#bounds;
    const own = this.#waiting.get(who) ?? [];
    if (own.length >= waitingOfOne) throw limitExceeded(TRY_AGAIN_MS);
    if (this.#waitingCount >= waiting) this.#makeRoomFor(own.length + 1);
    this.#waiting.set(who, own);
    this.#waitingCount += 1;
    return new Promise((called, turnedAway) => {
      const waiter = { called, turnedAway };
      own.push(waiter);
      const leave = () => this.#leave(who, waiter) && turnedAway(signal!.reason);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  /** Of the longest line the last one is told to come again, where that line is longer than it would be otherwise. */
  #makeRoomFor(length: number): void {
    let longest: Waiter[] = [];
    for (const line of this.#waiting.values()) if (line.length > longest.length) longest = line;
    if (longest.length <= length) throw limitExceeded(TRY_AGAIN_MS);
    longest.pop()!.turnedAway(limitExceeded(TRY_AGAIN_MS));
    this.#waitingCount -= 1;
  }

  /** False where it has been called already. */
  #leave(who: string, waiter: Waiter): boolean {
    const own = this.#waiting.get(who) ?? [];
    const at = own.indexOf(waiter);
    if (at < 0) return false;
    own.splice(at, 1);
    if (own.length === 0) this.#waiting.delete(who);
    this.#waitingCount -= 1;
    return true;
  }

  #end(who: string): void {
    this.#free += 1;
    const left = this.#busy.get(who)! - 1;
    if (left === 0) this.#busy.delete(who);
    else this.#busy.set(who, left);
    const next = this.#waiting.keys().find((each) => this.#mayBegin(each));
    if (next !== undefined) this.#call(next);
  }

  #call(who: string): void {
    const own = this.#waiting.get(who)!;
    const { called } = own.shift()!;
    this.#waitingCount -= 1;
    this.#waiting.delete(who);
    if (own.length > 0) this.#waiting.set(who, own);
    this.#begin(who);
    called();
  }
}

/** So much at once of each, in such rounds. Nothing is kept of those of whom nothing is under way. */
export class FairTurnsOf<Key> {
  readonly #bounds: TurnBounds;
  readonly #turns = new Map<Key, FairTurns>();

  constructor(bounds: TurnBounds) {
    this.#bounds = bounds;
  }

  async run<T>(key: Key, who: string, work: () => Promise<T>): Promise<T> {
    const own = this.#turns.get(key) ?? new FairTurns(this.#bounds);
    this.#turns.set(key, own);
    try {
      return await own.run(who, work);
    } finally {
      if (own.isIdle) this.#turns.delete(key);
    }
  }
}

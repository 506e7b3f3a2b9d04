import type { EventId } from '../../protocol/identifiers.ts';

/** So often what cannot be judged is tried again. */
export const TRIES_MAX = 6;
/** Behind each try. Rests of the room come besides. */
const AGAIN_MS = [5_000, 60_000, 5 * 60_000, 30 * 60_000, 60 * 60_000];

interface Tried {
  readonly times: number;
  /** Its own states were too much: with it the others would have to wait. */
  readonly isAlone: boolean;
  readonly dueMs: number;
  /** What it lacks, and is stuck itself: before that has been judged each try is in vain. */
  readonly behind: readonly EventId[];
}

/** What was tried of that which a room holds, each event for itself: one that fails for ever takes no other with it. */
export class HeldTries {
  readonly #of = new Map<EventId, Tried>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  isDue(eventId: EventId): boolean {
    const tried = this.#of.get(eventId);
    return !tried || (this.#isFree(tried) && tried.dueMs <= this.#nowMs());
  }

  isFree(eventId: EventId): boolean {
    const tried = this.#of.get(eventId);
    return !tried || this.#isFree(tried);
  }

  /** Nobody need ask for it, or be asked: here it is, and cannot be judged yet. */
  isStuck(eventId: EventId): boolean {
    const tried = this.#of.get(eventId);
    return tried !== undefined && (tried.isAlone || !this.#isFree(tried));
  }

  isAlone(eventId: EventId): boolean {
    return this.#of.get(eventId)?.isAlone ?? false;
  }

  times(eventId: EventId): number {
    return this.#of.get(eventId)?.times ?? 0;
  }

  /** For how long nothing of it is due; undefined where nothing will be. */
  get restMs(): number | undefined {
    const due = [...this.#of.values()].flatMap((tried) =>
      this.#isFree(tried) ? [tried.dueMs] : [],
    );
    return due.length === 0 ? undefined : Math.max(0, Math.min(...due) - this.#nowMs());
  }

  /** It was too much when it came: that was no try of what is held. */
  aside(eventId: EventId): void {
    const { times, behind } = this.#get(eventId);
    this.#of.set(eventId, { times, behind, isAlone: true, dueMs: this.#nowMs() });
  }

  /** It had no try of its own. */
  waits(eventId: EventId, missing: readonly EventId[]): void {
    const behind = missing.filter((id) => this.isStuck(id));
    this.#of.set(eventId, { ...this.#get(eventId), behind });
  }

  /** Answers whether it was tried often enough. */
  failed(eventId: EventId, why: { readonly isTooMuch: boolean; readonly restMs: number }): boolean {
    const before = this.#get(eventId);
    const pauseMs = AGAIN_MS[Math.min(before.times, AGAIN_MS.length - 1)]!;
    this.#of.set(eventId, {
      times: before.times + 1,
      isAlone: before.isAlone || why.isTooMuch,
      dueMs: this.#nowMs() + why.restMs + pauseMs,
      behind: [],
    });
    return before.times + 1 >= TRIES_MAX;
  }

  /** It is held no more. */
  forget(eventId: EventId): void {
    this.#of.delete(eventId);
  }

  /** All others are held no more. */
  keep(held: ReadonlyMap<EventId, unknown>): void {
    for (const eventId of this.#of.keys()) if (!held.has(eventId)) this.#of.delete(eventId);
  }

  #get(eventId: EventId): Tried {
    return this.#of.get(eventId) ?? { times: 0, isAlone: false, dueMs: -Infinity, behind: [] };
  }

  #isFree({ behind }: Tried): boolean {
    return !behind.some((id) => this.#of.has(id));
  }
}

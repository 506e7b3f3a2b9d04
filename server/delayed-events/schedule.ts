import type { UserId } from '../protocol/identifiers.ts';

export interface Timers {
  /** Of a clock that does not jump. */
  readonly nowMs: () => number;
  /** Answers how to give it up. */
  readonly after: (ms: number, work: () => void) => () => void;
}

export const realTimers: Timers = {
  nowMs: () => performance.now(),
  after(ms, work) {
    // Node rounds down, and nothing may be sent too early.
    const timer = setTimeout(work, Math.ceil(ms) + 1).unref();
    return () => clearTimeout(timer);
  },
};

export interface Delay {
  readonly delayId: string;
  readonly userId: UserId;
  readonly delayMs: number;
}

export interface Scheduled extends Delay {
  /** Milliseconds since 1970 at which the delay began, for people. */
  readonly sinceMs: number;
  /** By the clock of the timers. */
  readonly dueMs: number;
}

/** When which event is due, in memory alone: what is known of it here is a hint, and the database says what it is. */
export class Schedule {
  readonly #timers: Timers;
  readonly #onDue: (delayId: string) => void;
  readonly #all = new Map<string, Entry>();
  readonly #idsOf = new Map<UserId, Set<string>>();

  constructor(timers: Timers, onDue: (delayId: string) => void) {
    this.#timers = timers;
    this.#onDue = onDue;
  }

  get(delayId: string): Scheduled | undefined {
    return this.#all.get(delayId);
  }

  of(userId: UserId): readonly Scheduled[] {
    return [...(this.#idsOf.get(userId) ?? [])].map((delayId) => this.#all.get(delayId)!);
  }

  /** Its time has come, and nobody has restarted it since. */
  isDue(delayId: string): boolean {
    return this.#all.get(delayId)?.isDue ?? false;
  }

  /** Nobody knows whether what was tried with it is done: its row says so. */
  doubt(delayId: string): void {
    const entry = this.#all.get(delayId);
    if (entry) entry.inDoubt = true;
  }

  isInDoubt(delayId: string): boolean {
    return this.#all.get(delayId)?.inDoubt ?? true;
  }

  /** The milliseconds until one of the user's is due. */
  nextOf(userId: UserId): number {
    const due = Math.min(...this.of(userId).map(({ dueMs }) => dueMs));
    return Math.max(0, due - this.#timers.nowMs());
  }

  /** Its delay begins, or begins anew. */
  start(delay: Delay, sinceMs: number): void {
    this.#put({ ...delay, sinceMs }, delay.delayMs);
  }

  /** It is due, and must wait nevertheless: what is in doubt stays so until its row was looked at. */
  postpone(delayId: string, ms: number): void {
    const scheduled = this.#all.get(delayId);
    if (scheduled) this.#put(scheduled, ms, scheduled);
  }

  drop(delayId: string): void {
    const scheduled = this.#all.get(delayId);
    if (!scheduled) return;
    scheduled.giveUp();
    this.#all.delete(delayId);
    const ids = this.#idsOf.get(scheduled.userId);
    ids?.delete(delayId);
    if (ids?.size === 0) this.#idsOf.delete(scheduled.userId);
  }

  close(): void {
    for (const { giveUp } of this.#all.values()) giveUp();
  }

  #put(
    { delayId, userId, delayMs, sinceMs }: Omit<Scheduled, 'dueMs'>,
    ms: number,
    { inDoubt }: Pick<Entry, 'inDoubt'> = { inDoubt: false },
  ): void {
    this.#all.get(delayId)?.giveUp();
    const giveUp = this.#timers.after(ms, () => {
      entry.isDue = true;
      this.#onDue(delayId);
    });
    const dueMs = this.#timers.nowMs() + ms;
    const hint = { dueMs, giveUp, isDue: false, inDoubt };
    const entry: Entry = { delayId, userId, delayMs, sinceMs, ...hint };
    this.#all.set(delayId, entry);
    const ids = this.#idsOf.get(userId) ?? new Set();
    this.#idsOf.set(userId, ids.add(delayId));
  }
}

interface Entry extends Scheduled {
  readonly giveUp: () => void;
  isDue: boolean;
  inDoubt: boolean;
}

import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import { domainOfServer } from '../../protocol/server-host.ts';

/** So often what cannot be judged is tried again. */
export const TRIES_MAX = 6;
/** So often what is held of one domain may be too much, before each that is has no other try. */
export const TOO_MUCH_MAX = 24;
/** Behind each try. Rests of the room come besides. */
const AGAIN_MS = [5_000, 60_000, 5 * 60_000, 30 * 60_000, 60 * 60_000];
/** Where there was too much to do for a try. */
const OFF_MS = [5_000, 60_000];

/** Behind one that was in vain, when so many had been before. */
export const againMs = (times: number): number => AGAIN_MS[Math.min(times, AGAIN_MS.length - 1)]!;

interface Tried {
  readonly times: number;
  /** How often there was too much to do since. */
  readonly timesOff: number;
  /** Its own states were too much: with it the others would have to wait. */
  readonly isAlone: boolean;
  readonly dueMs: number;
  /** What it lacks, and is stuck itself: before that has been judged each try is in vain. */
  readonly behind: readonly EventId[];
}

export interface Held {
  readonly eventId: EventId;
  /** Who brought it. */
  readonly server: ServerName;
}

interface Why {
  readonly isTooMuch: boolean;
  readonly restMs: number;
}

/** What was tried of that which a room holds, each event for itself: one that fails for ever takes no other with it. */
export class HeldTries {
  readonly #of = new Map<EventId, Tried>();
  /** How often something of a domain was too much, as long as anything of it is held. */
  readonly #tooMuch = new Map<string, number>();
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

  /** Something of its domain was too much: this one may be as well. */
  isSuspect(domain: string): boolean {
    return this.#tooMuch.has(domain);
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
  aside({ eventId, server }: Held): void {
    const before = this.#get(eventId);
    if (before.isAlone) return;
    this.#of.set(eventId, { ...before, isAlone: true });
    this.#wasTooMuch(server);
  }

  /** It had no try of its own. */
  waits(eventId: EventId, missing: readonly EventId[]): void {
    const behind = missing.filter((id) => this.isStuck(id));
    this.#of.set(eventId, { ...this.#get(eventId), timesOff: 0, behind });
  }

  /** What its domain brings rests for so long: that was no try. */
  pause(eventId: EventId, restMs: number): void {
    const before = this.#get(eventId);
    const dueMs = Math.max(before.dueMs, this.#nowMs() + restMs);
    this.#of.set(eventId, { ...before, dueMs });
  }

  /** There was too much to do for it: that was no try, and others come first. */
  putOff(eventId: EventId): void {
    const before = this.#get(eventId);
    const pauseMs = OFF_MS[Math.min(before.timesOff, OFF_MS.length - 1)]!;
    const dueMs = this.#nowMs() + pauseMs;
    this.#of.set(eventId, { ...before, timesOff: before.timesOff + 1, dueMs });
  }

  /** Answers whether it was tried often enough. */
  failed({ eventId, server }: Held, { isTooMuch, restMs }: Why): boolean {
    const before = this.#get(eventId);
    const pauseMs = againMs(before.times);
    this.#of.set(eventId, {
      times: before.times + 1,
      timesOff: 0,
      isAlone: before.isAlone || isTooMuch,
      dueMs: this.#nowMs() + restMs + pauseMs,
      behind: [],
    });
    const isLast = isTooMuch && this.#wasTooMuch(server) > TOO_MUCH_MAX;
    return isLast || before.times + 1 >= TRIES_MAX;
  }

  /** It is held no more. */
  forget(eventId: EventId): void {
    this.#of.delete(eventId);
  }

  /** Of what is known now, before it is read what is held: then all others are held no more. */
  keeping(): (held: readonly Held[]) => void {
    const known = [...this.#of.keys()];
    const suspect = [...this.#tooMuch.keys()];
    return (held) => {
      const ids = new Set(held.map(({ eventId }) => eventId));
      const domains = new Set(held.map(({ server }) => domainOfServer(server)));
      for (const eventId of known) if (!ids.has(eventId)) this.#of.delete(eventId);
      for (const domain of suspect) if (!domains.has(domain)) this.#tooMuch.delete(domain);
    };
  }

  #wasTooMuch(server: ServerName): number {
    const domain = domainOfServer(server);
    const times = (this.#tooMuch.get(domain) ?? 0) + 1;
    this.#tooMuch.set(domain, times);
    return times;
  }

  #get(eventId: EventId): Tried {
    return this.#of.get(eventId) ?? NEVER;
  }

  #isFree({ behind }: Tried): boolean {
    return !behind.some((id) => this.#of.has(id));
  }
}

const NEVER: Tried = { times: 0, timesOff: 0, isAlone: false, dueMs: -Infinity, behind: [] };

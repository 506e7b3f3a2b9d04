import type { Millis } from './timings.ts';

/** A question under way at one member; how it ended decides where the next one goes. */
export interface Attempt {
  readonly member: number;
  answered(): void;
  failed(): void;
}

/** A question that waits for longer is not waited for by the next one. */
const SLOW_MS = 400;
/** How often the own site's member is tried again after it failed. */
const RETURN_MS = 10_000;

/**
 * Which member is asked: the own site's, and the next one after a failure or beside a question that
 * hangs. A frozen member fails nothing at once, so what is still under way already counts against it.
 */
export class Endpoints {
  readonly #underWay: readonly Set<{ startedAt: number }>[];
  readonly #now: () => Millis;
  #current = 0;
  #leftOwnAt = 0;

  constructor(members: number, now: () => number) {
    if (members < 1) throw new Error('etcd needs at least one endpoint');
    this.#underWay = Array.from({ length: members }, () => new Set());
    this.#now = now;
  }

  get current(): number {
    return this.#current;
  }

  take(): Attempt {
    const startedAt = this.#now();
    const member = this.#choose(startedAt);
    const question = { startedAt };
    const underWay = this.#underWay[member]!;
    underWay.add(question);
    return {
      member,
      answered: () => {
        underWay.delete(question);
        if (member === 0) this.#current = 0;
      },
      failed: () => {
        underWay.delete(question);
        this.#leave(member);
      },
    };
  }

  #choose(now: number): number {
    if (this.#current !== 0 && now - this.#leftOwnAt >= RETURN_MS) {
      this.#leftOwnAt = now;
      return 0;
    }
    for (let further = 0; further < this.#underWay.length; further++) {
      const member = (this.#current + further) % this.#underWay.length;
      if (!this.#hangs(member, now)) return member;
    }
    return this.#current;
  }

  #hangs(member: number, now: number): boolean {
    for (const { startedAt } of this.#underWay[member]!) {
      if (now - startedAt >= SLOW_MS) return true;
    }
    return false;
  }

  #leave(member: number): void {
    if (member !== this.#current) return;
    if (member === 0) this.#leftOwnAt = this.#now();
    this.#current = (member + 1) % this.#underWay.length;
  }
}

import { leaseKey } from '../etcd/transactions.ts';
import type { Lease } from '../inputs.ts';
import { TIMINGS } from '../timings.ts';
import type { Site } from '../view.ts';
import { NAMES, type Store } from './store.ts';
import type { World } from './world.ts';

interface Holding {
  readonly site: Site;
  /** In true time, which no machine knows. */
  readonly until: number;
  /** Until when its server may answer: with the third fence no longer than it is covered, which is what others promise upon. */
  readonly answersUntil: number;
}

/**
 * D8: nobody takes a lease that its holder may still go by; upon the promises of all others, once its server may answer no more. Asked of etcd itself, so it holds also of a holder whose clock stood, which the other
 * invariants bear for a while (`clockStood`).
 */
export class LeaseClaims {
  readonly #world: World;
  readonly #fail: (why: string) => void;
  readonly #held = new Map<Lease, Holding>();

  constructor(world: World, fail: (why: string) => void) {
    [this.#world, this.#fail] = [world, fail];
  }

  /** After each transaction, with the keys that it changed. */
  look(store: Store, changed: readonly string[]): void {
    for (const lease of ['leader', 'address'] as const) {
      const key = leaseKey(NAMES, lease);
      const named = holderOf(store, lease);
      const held = this.#held.get(lease);
      if (changed.includes(key)) this.#taken(lease, named, untilOf(held, changed));
      else if (held !== undefined && held.site === named && changed.includes(NAMES.sites + named))
        this.#hold(lease, named);
    }
  }

  #taken(lease: Lease, by: Site | null | undefined, held: Good | undefined): void {
    if (by === null) this.#held.delete(lease);
    // Taken away by hand: who held it does not know it yet.
    if (by == null) return;
    if (held !== undefined && held.site !== by && this.#world.time.now < held.until)
      this.#fail(`${by} took the ${lease} lease while that of ${held.site} was good`);
    this.#hold(lease, by);
  }

  #hold(lease: Lease, site: Site): void {
    const { now } = this.#world.time;
    const forMs = lease === 'leader' ? TIMINGS.leaderLeaseMs : TIMINGS.addressLeaseMs;
    const answersForMs = lease === 'leader' ? TIMINGS.coverMs : forMs;
    const [until, answersUntil] = [now + SLOWEST * forMs, now + SLOWEST * answersForMs];
    this.#held.set(lease, { site, until, answersUntil });
  }
}

type Good = Pick<Holding, 'site' | 'until'>;

/** By what was changed beside it one sees how it was taken. */
const untilOf = (held: Holding | undefined, changed: readonly string[]): Good | undefined =>
  held && changed.includes(NAMES.given) ? { ...held, until: held.answersUntil } : held;

/** What one clock may count of another's second (`makeWorld`). */
const SLOWEST = 0.98;

/** Null where it was given back; undefined where there is no key, or one that nobody can read. */
export const holderOf = (store: Store, lease: Lease): Site | null | undefined =>
  (store.get(leaseKey(NAMES, lease))?.json as { readonly site?: Site | null } | undefined)?.site;

import type { Site } from '../../view.ts';
import type { Confirmers } from '../postgres.ts';
import { membersOf, type SyncState } from './race.ts';

export type SyncStep =
  | { readonly write: { readonly voters: readonly Site[]; readonly quorum: number } }
  | { readonly assign: Confirmers };

export interface Standing {
  readonly me: Site;
  readonly sync: SyncState;
  readonly confirmers: Confirmers;
  /** Whose walreceiver is connected. */
  readonly active: (site: Site) => boolean;
  readonly caughtUp: (site: Site) => boolean;
  readonly others: readonly Site[];
  /** With no standby PostgreSQL waits for anybody (`*`), or for nobody. */
  readonly strict: boolean;
}

/** ha.py, process_sync_replication_prepromote: who confirms, from before the first moment as primary. */
export function beforePromotion(me: Site, sync: SyncState): Confirmers {
  const members = membersOf(sync);
  const names = members.filter((site) => site !== me);
  const count = members.length - sync.quorum - (members.includes(me) ? 1 : 0);
  return { names, count: Math.max(count, 1) };
}

/**
 * quorum.py for synchronous_node_count 1: in which order `/sync` and synchronous_standby_names change, so
 * that whoever may be promoted meets somebody who confirmed.
 */
export function quorumSteps(standing: Standing): SyncStep[] {
  const { me, sync, active } = standing;
  if (sync.leader === me) return new Changes(standing).all();
  const voters = [...sync.voters.filter((site) => site !== me), sync.leader].filter(
    (site) => site !== null,
  );
  const steps: SyncStep[] = [{ write: { voters, quorum: sync.quorum } }];
  const { names } = standing.confirmers;
  // The rest waits for a loop, so that standbys have the time to connect.
  if (names === 'any' || !names.some(active)) return steps;
  const taken = { ...sync, leader: me, voters };
  return [...steps, ...new Changes({ ...standing, sync: taken }).all()];
}

class Changes {
  readonly #standing: Standing;
  readonly #steps: SyncStep[] = [];
  #voters: readonly Site[];
  #names: readonly Site[];

  constructor(standing: Standing) {
    this.#standing = standing;
    this.#voters = standing.sync.voters;
    const { names } = standing.confirmers;
    this.#names = names === 'any' ? [] : names;
  }

  all(): SyncStep[] {
    this.#endWhatWasBegun();
    this.#removeGone();
    this.#addNew();
    this.#waitForNobodyWhereLax();
    return this.#steps;
  }

  #endWhatWasBegun(): void {
    const { active } = this.#standing;
    const unasked = this.#voters.filter((site) => !this.#names.includes(site));
    const unnamed = this.#names.filter((site) => !this.#voters.includes(site));
    if (unasked.length > 0 && unnamed.length === 0) {
      const dead = unasked.filter((site) => !active(site));
      if (dead.length > 0) this.#write(this.#voters.filter((site) => !dead.includes(site)));
      const alive = unasked.filter(active);
      if (alive.length > 0) this.#assign([...this.#names, ...alive]);
    } else if (unnamed.length > 0) {
      const alive = unnamed.filter((site) => active(site) && this.#standing.caughtUp(site));
      if (alive.length > 0) this.#write([...this.#voters, ...alive]);
      const named = this.#names.filter((site) => this.#voters.includes(site));
      if (named.length > 0) this.#assign(named);
    }
  }

  #removeGone(): void {
    const kept = this.#names.filter(this.#standing.active);
    if (kept.length === this.#names.length) return;
    if (kept.length === 0) {
      this.#write([]);
      this.#assign([]);
    } else {
      this.#assign(kept);
      this.#write(kept);
    }
  }

  #addNew(): void {
    const { others, active, caughtUp } = this.#standing;
    const fresh = others.filter(
      (site) => !this.#names.includes(site) && active(site) && caughtUp(site),
    );
    if (fresh.length === 0) return;
    const all = [...this.#names, ...fresh];
    if (this.#names.length === 0) {
      this.#assign(all);
      this.#write(all);
    } else {
      this.#write([...this.#voters, ...fresh]);
      this.#assign(all);
    }
  }

  /** Nobody is named, and it was strict when that came to be. */
  #waitForNobodyWhereLax(): void {
    const { strict, confirmers } = this.#standing;
    if (!strict && this.#names.length === 0 && confirmers.count > 0) this.#assign([]);
  }

  #write(voters: readonly Site[]): void {
    this.#voters = voters;
    this.#steps.push({ write: { voters, quorum: Math.max(voters.length - 1, 0) } });
  }

  #assign(names: readonly Site[]): void {
    this.#names = names;
    this.#steps.push({ assign: confirmersOf(names, this.#standing.strict) });
  }
}

/** 4.0.7: strict without standbys becomes `ANY 1 (*)`, and `*` is also a base backup (seen: 40 sends). */
function confirmersOf(names: readonly Site[], strict: boolean): Confirmers {
  if (names.length > 0) return { names, count: 1 };
  return strict ? { names: 'any', count: 1 } : { names: [], count: 0 };
}

/** ha.py, _process_multisync_replication, for one standby and not strict. */
export function namedSteps(standing: Standing): SyncStep[] {
  const { sync, me, confirmers, active, caughtUp, others, strict } = standing;
  const named = sync.leader === me ? sync.voters : [];
  const kept = named.filter(active);
  const fresh = kept.length > 0 ? [] : others.filter((site) => active(site) && caughtUp(site));
  const picked = kept.length > 0 ? kept : fresh.slice(0, 1);
  const asked = confirmers.names === 'any' ? [] : confirmers.names;
  const same = picked.length === named.length && picked.every((site) => named.includes(site));
  if (same && sync.leader === me && asked.join() === picked.join()) return [];
  const steps: SyncStep[] = [];
  // First out of /sync, then out of PostgreSQL; the other way in.
  if (!same || sync.leader !== me) steps.push({ write: { voters: kept, quorum: 0 } });
  steps.push({ assign: confirmersOf(picked, strict) });
  if (fresh.length > 0) steps.push({ write: { voters: picked, quorum: 0 } });
  return steps;
}

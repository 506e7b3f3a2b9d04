import type { Effect } from '../effects.ts';
import type { Holds, Lease } from '../inputs.ts';
import type { LeaseKey, Report, Site, SiteKey, View } from '../view.ts';
import type { World } from './world.ts';

/** What etcd holds in this simulation: our keys, and of Patroni its leader key, lease and /sync. */
export interface Keys {
  revision: number;
  leader: LeaseKey;
  address: LeaseKey;
  sites: Record<Site, SiteKey>;
  patroniLeader: { site: Site; lease: string } | null;
  /** In true time; only an etcd that has a leader lets it run out. */
  leaseUntil: number;
  sync: { leader: Site | null; standbys: readonly Site[]; revision: number };
  /** A planned switchover under way. */
  failover: { from: Site; to: Site; revision: number } | null;
}

export const CLUSTER_ID = '1';
export const PATRONI_TTL_MS = 20_000;
const NEVER_HELD: LeaseKey = { site: null, revision: 0 };

export function noKeys(): Keys {
  return {
    revision: 1,
    leader: NEVER_HELD,
    address: NEVER_HELD,
    sites: {},
    patroniLeader: null,
    leaseUntil: 0,
    sync: { leader: null, standbys: [], revision: 0 },
    failover: null,
  };
}

export function viewOf(keys: Keys): View {
  return {
    clusterId: CLUSTER_ID,
    revision: keys.revision,
    leader: keys.leader,
    address: keys.address,
    sites: { ...keys.sites },
    patroni: { leader: keys.patroniLeader, sync: keys.sync, failover: keys.failover },
  };
}

function putReport(keys: Keys, site: Site, report: Report): void {
  keys.revision++;
  keys.sites[site] = { revision: keys.revision, report };
}

export function putPulse(keys: Keys, site: Site, holds: Holds, report: Report) {
  const leases = Object.entries(holds) as [Lease, number][];
  const renewed = leases.every(([lease, term]) => keys[lease].revision === term);
  if (renewed) putReport(keys, site, report);
  return { renewed, view: viewOf(keys) };
}

export function putClaim(
  keys: Keys,
  { bugs, note }: World,
  site: Site,
  { lease, revision, over, report }: Extract<Effect, { kind: 'claim' }>,
) {
  const silent =
    over === null ||
    bugs.challengerIgnoresLastPulse ||
    (keys.sites[over.site]?.revision ?? 0) === over.pulse;
  const won = keys[lease].revision === revision && silent;
  if (won) {
    putReport(keys, site, report);
    keys[lease] = { site, revision: keys.revision };
    note(`${site} takes ${lease}`);
  }
  return { won, view: viewOf(keys) };
}

export function putVacant(keys: Keys, lease: Lease, term: number): View {
  if (keys[lease].revision === term) {
    keys.revision++;
    keys[lease] = { site: null, revision: keys.revision };
  }
  return viewOf(keys);
}

/** As etcd says it: whole seconds, rounded down. */
export function leaseLeftMs(keys: Keys, lease: string, now: number): number | null {
  if (keys.patroniLeader?.lease !== lease) return null;
  return Math.floor(Math.max(0, keys.leaseUntil - now) / 1_000) * 1_000;
}

/** Patroni's lease: made with the key, prolonged by its holder. */
export function acquirePatroni(keys: Keys, site: Site, now: number): boolean {
  if (keys.patroniLeader !== null) return false;
  keys.revision++;
  keys.patroniLeader = { site, lease: `${site}-${keys.revision}` };
  keys.failover = null;
  keys.leaseUntil = now + PATRONI_TTL_MS;
  return true;
}

export function renewPatroni(keys: Keys, site: Site, now: number): boolean {
  if (keys.patroniLeader?.site !== site) return false;
  keys.leaseUntil = Math.max(keys.leaseUntil, now + PATRONI_TTL_MS);
  return true;
}

/** In one transaction, if everything is as the agent saw it. */
export function putHandedOver(
  keys: Keys,
  site: Site,
  { to, lease, failover, sync }: Extract<Effect, { kind: 'hand-over' }>,
  now: number,
): boolean {
  const same =
    keys.patroniLeader?.site === site &&
    keys.patroniLeader.lease === lease &&
    keys.failover?.revision === failover &&
    keys.sync.revision === sync;
  if (!same) return false;
  keys.revision++;
  keys.patroniLeader = { site: to, lease: `${to}-${keys.revision}` };
  keys.leaseUntil = now + PATRONI_TTL_MS;
  keys.failover = null;
  return true;
}

export function releasePatroni(keys: Keys, site: Site): void {
  if (keys.patroniLeader?.site !== site) return;
  keys.revision++;
  keys.patroniLeader = null;
}

import type { Lease } from '../../core/inputs.ts';
import type { LeaseKey, PatroniKeys, Report, Site, SiteKey, View } from '../../core/view.ts';
import { base64, fromBase64 } from './gateway.ts';

/** Where things lie in etcd. Leases and site reports are ours; the other two are Patroni's, only read. */
export interface KeyNames {
  readonly leases: string;
  readonly sites: string;
  readonly patroniLeader: string;
  readonly patroniSync: string;
  readonly patroniFailover: string;
  readonly patroniMember: (site: Site) => string;
}

export const keyNames = (cluster: string, scope: string): KeyNames => ({
  leases: `/farol/${cluster}/lease/`,
  sites: `/farol/${cluster}/site/`,
  patroniLeader: `/service/${scope}/leader`,
  patroniSync: `/service/${scope}/sync`,
  patroniFailover: `/service/${scope}/failover`,
  patroniMember: (site) => `/service/${scope}/members/${site}`,
});

/** A key as the gateway shows it. */
export interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision?: string;
  readonly lease?: string;
}

export interface Header {
  readonly cluster_id: string;
  readonly member_id: string;
  readonly revision: string;
}

/** The ranges that make up a view, for a transaction: what they answer is of one revision. */
export const viewRanges = (names: KeyNames) =>
  [
    prefixRange(names.leases),
    prefixRange(names.sites),
    { key: base64(names.patroniLeader) },
    { key: base64(names.patroniSync) },
    { key: base64(names.patroniFailover) },
  ].map((request_range) => ({ request_range }));

export function readView(header: Header, found: readonly KeyValue[], names: KeyNames): View {
  const byName = new Map(found.map((each) => [fromBase64(each.key), each]));
  const sites: Record<Site, SiteKey> = {};
  for (const [name, each] of byName) {
    if (!name.startsWith(names.sites)) continue;
    const report = JSON.parse(textOf(each)) as Report;
    sites[name.slice(names.sites.length)] = { revision: revisionOf(each), report };
  }
  return {
    clusterId: header.cluster_id,
    revision: Number(header.revision),
    leader: readLease(byName.get(names.leases + ('leader' satisfies Lease))),
    address: readLease(byName.get(names.leases + ('address' satisfies Lease))),
    sites,
    patroni: {
      leader: readPatroniLeader(byName.get(names.patroniLeader)),
      sync: readSync(byName.get(names.patroniSync)),
      failover: readFailover(byName.get(names.patroniFailover)),
    },
  };
}

export const prefixRange = (prefix: string) => ({
  key: base64(prefix),
  // The first key that does not begin so: every prefix of ours ends in a slash, and 0 follows it.
  range_end: base64(`${prefix.slice(0, -1)}0`),
});

function readLease(found: KeyValue | undefined): LeaseKey {
  if (found === undefined) return { site: null, revision: 0 };
  const { site } = JSON.parse(textOf(found)) as { site: Site | null };
  return { site, revision: revisionOf(found) };
}

function readPatroniLeader(found: KeyValue | undefined): PatroniKeys['leader'] {
  if (found?.lease === undefined) return null;
  return { site: textOf(found), lease: found.lease };
}

/** Patroni keeps the names of several standbys in one string, with commas between them. */
function readSync(found: KeyValue | undefined): PatroniKeys['sync'] {
  if (found === undefined) return null;
  const sync = JSON.parse(textOf(found)) as {
    leader?: string | null;
    sync_standby?: string | null;
  };
  const standbys = (sync.sync_standby ?? '').split(',').filter((name) => name !== '');
  return { leader: sync.leader ?? null, standbys, revision: revisionOf(found) };
}

/** What Patroni's own switchover writes; one that is set for a later time is none yet. */
function readFailover(found: KeyValue | undefined): PatroniKeys['failover'] {
  if (found === undefined) return null;
  const { leader, member, scheduled_at } = JSON.parse(textOf(found)) as {
    leader?: string | null;
    member?: string | null;
    scheduled_at?: string | null;
  };
  if (scheduled_at) return null;
  return { from: leader ?? null, to: member ?? null, revision: revisionOf(found) };
}

const textOf = (found: KeyValue): string => fromBase64(found.value ?? '');
const revisionOf = (found: KeyValue): number => Number(found.mod_revision ?? 0);

import type { SiteStatus, Status } from '../../failover/status/status.ts';

/** A site that is well: `a` has the primary, the others follow it. */
export function siteStatus(name: string, special: Partial<SiteStatus> = {}): SiteStatus {
  const isPrimary = name === 'a';
  return {
    site: name,
    witness: false,
    silentMs: 100,
    server: null,
    postgres: {
      role: isPrimary ? 'primary' : 'standby',
      state: isPrimary ? 'running' : 'streaming',
      timeline: 1,
      lsn: '1',
    },
    lagBytes: 0,
    away: null,
    front: 'healthy',
    frontWay: null,
    power: 'mains',
    disk: null,
    etcdMember: null,
    copyDamage: null,
    links: {},
    certificatesEnd: null,
    etcdLeader: false,
    unstable: 0,
    refused: null,
    staysBlocked: null,
    clockBehind: null,
    ...special,
  };
}

/** What the agent of `a` says while `a` leads, has the address, and `b` confirms what it writes. */
export const statusWith = (sites: SiteStatus[]): Status => ({
  site: 'a',
  explanation: { leader: 'a leads', address: '', others: '', warning: null },
  leader: 'a',
  address: 'a',
  addresses: [],
  primary: 'a',
  patroniPaused: false,
  synchronousStandbys: ['b'],
  etcdSilentMs: 0,
  etcd: [],
  patroniKeyLeftMs: null,
  setAside: null,
  moving: null,
  halfMade: null,
  unreadable: [],
  writes: { kind: 'flow', sinceMs: null, confirming: [{ site: 'b', silentMs: null }] },
  sites,
});

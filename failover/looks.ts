import { isOnBattery } from './core/health/battery.ts';
import type { Input } from './core/inputs.ts';
import type { State } from './core/state.ts';
import type { Millis } from './core/timings.ts';
import type { Site } from './core/view.ts';
import { type EtcdMembers, type Peers, type Ports, reasonOf, type SitePorts } from './ports.ts';

/** Something that is looked at again and again; what cannot be seen this time is seen the next time. */
export interface Look {
  readonly see: () => Promise<Input>;
  readonly everyMs: (state: State) => Millis;
}

export function looksOf({
  etcd,
  etcdDamage,
  certificatesEnd,
  members,
  links,
  peers,
  power,
  site,
  now,
  wallClock,
}: Ports): readonly Look[] {
  const ofEtcd: Look = {
    see: async () => ({ kind: 'etcd-leader', ...(await etcd.leadership()) }),
    everyMs: () => 2_000,
  };
  const ofCertificates: Look = {
    see: async () => ({ kind: 'certificates', end: await certificatesEnd() }),
    everyMs: () => 60_000,
  };
  const ofWallClock: Look = {
    see: async () => ({ kind: 'wall-clock', aheadMs: wallClock() - now() }),
    everyMs: () => 1_000,
  };
  const ofRoom: Look = {
    see: async () => ({ kind: 'etcd-room', room: await etcd.room() }),
    everyMs: ({ etcdRoom }) => (etcdRoom?.noSpace ? 1_000 : 5_000),
  };
  const ofDamage: Look = {
    see: async () => ({ kind: 'etcd-damage', damage: await etcdDamage() }),
    everyMs: () => 2_000,
  };
  const ofLinks: Look[] = links
    ? [{ see: async () => ({ kind: 'links', links: await links() }), everyMs: () => 1_000 }]
    : [];
  const looks = [
    ofEtcd,
    ...(members === null ? [] : [ofMembers(members)]),
    ofRoom,
    ofDamage,
    ...ofLinks,
    ...(peers === null ? [] : looksAtPeers(peers, now)),
    ofCertificates,
    ofWallClock,
    ...(site === null ? [] : looksAtSite(site, now)),
  ];
  if (power === null) return looks;
  const ofPower: Look = {
    see: async () => ({ kind: 'power', ...(await power()) }),
    everyMs: (state) => (isOnBattery(state.power) ? 1_000 : 2_000),
  };
  return [...looks, ofPower];
}

const ofMembers = (members: EtcdMembers): Look => ({
  see: async () => ({ kind: 'etcd-members', ...(await members.list()) }),
  everyMs: () => 1_000,
});

/** Faster while the answer is awaited. */
const looksAtSite = (site: SitePorts, now: () => Millis): Look[] => [
  ...(site.disk === null ? [] : [ofDisk(site.disk)]),
  { see: () => seeServer(site, now), everyMs: (state) => (awaitsServer(state) ? 100 : 400) },
  { see: () => seePostgres(site), everyMs: (state) => (awaitsPrimary(state) ? 150 : 500) },
  {
    see: async () => ({ kind: 'front', ...(await site.front.health()) }),
    everyMs: ({ leaving }) => (leaving === null ? 500 : 100),
  },
  {
    see: async () => ({ kind: 'promotion', told: await site.promotionTold() }),
    everyMs: () => 2_000,
  },
  {
    see: async () => ({ kind: 'copy-checked', damage: await site.copyDamage() }),
    everyMs: () => 2_000,
  },
];

const looksAtPeers = (peers: Peers, now: () => Millis): Look[] =>
  peers.sites.map((site) => ({ see: () => seePeer(peers, site, now), everyMs: () => 1_000 }));

async function seePeer(peers: Peers, site: Site, now: () => Millis): Promise<Input> {
  const sentAt = now();
  try {
    return { kind: 'peer-answered', site, sentAt, word: await peers.ask(site) };
  } catch (error) {
    return { kind: 'peer-silent', site, reason: reasonOf(error) };
  }
}

const ofDisk = (look: NonNullable<SitePorts['disk']>): Look => ({
  see: async () => ({ kind: 'disk', disk: look() }),
  everyMs: () => 1_000,
});

async function seeServer({ server, isGone }: SitePorts, now: () => Millis): Promise<Input> {
  const askedAt = now();
  try {
    return { kind: 'server', askedAt, server: await server.report() };
  } catch (error) {
    const gone = isGone(error);
    return { kind: 'server-silent', askedAt, gone, reason: gone ? 'not running' : reasonOf(error) };
  }
}

async function seePostgres({ patroni }: SitePorts): Promise<Input> {
  try {
    const { heedsLeave, ...postgres } = await patroni.report();
    return { kind: 'postgres', postgres, ...(heedsLeave && { heedsLeave }) };
  } catch (error) {
    return { kind: 'postgres-silent', reason: reasonOf(error) };
  }
}

/** We lead, and it is not open yet; or we no longer lead, and it is not closed yet. */
function awaitsServer({ leader, steppingDown, server }: State): boolean {
  const wanted = leader !== null && steppingDown === null ? 'writer' : 'follower';
  return server.report?.role !== wanted;
}

/** Patroni's leader is changing, or it has just become ours. */
function awaitsPrimary({ view, leader, switchover, self, wish }: State): boolean {
  const key = view?.patroni.leader;
  return (
    switchover !== null ||
    wish !== null ||
    key === null ||
    (key?.site === self.site) !== (leader !== null)
  );
}

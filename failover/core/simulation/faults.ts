import type { Site } from '../view.ts';
import type { Etcd } from './etcd.ts';
import type { Patroni } from './patroni.ts';
import type { Postgres } from './postgres.ts';
import type { Server } from './server.ts';
import type { AgentHost } from './site.ts';
import type { World } from './world.ts';

export interface Cluster {
  readonly etcd: Etcd;
  readonly agents: ReadonlyMap<Site, AgentHost>;
  readonly servers: ReadonlyMap<Site, Server>;
  readonly patronis: ReadonlyMap<Site, Patroni>;
  readonly postgreses: ReadonlyMap<Site, Postgres>;
}

/** Breaks a thing or two at times drawn from the seed; by `until` everything has been mended. */
export function breakThings(world: World, cluster: Cluster, from: number, until: number): void {
  const { time, random } = world;
  const count = 1 + Math.floor(random.next() * 4);
  for (let i = 0; i < count; i++) {
    const at = random.between(from, until - 1_000);
    const forMs = Math.min(random.between(500, 30_000), until - at);
    const fault = random.pick(FAULTS);
    time.at(at, () => {
      const site = pickSite(world, cluster);
      world.note(`${fault.name} at ${site} for ${Math.round(forMs)} ms`);
      fault(world, cluster, site, forMs);
    });
  }
}

/** Rather the active site: there it hurts. */
function pickSite({ random, sites }: World, { etcd }: Cluster): Site {
  const active = etcd.keys.patroniLeader?.site;
  return active !== undefined && random.chance(0.6) ? active : random.pick(sites);
}

type Fault = (world: World, cluster: Cluster, site: Site, forMs: number) => void;

export const powerLoss: Fault = ({ network, time }, cluster, site, forMs) => {
  if (!network.isOn(site)) return;
  network.power(site, false);
  cluster.agents.get(site)!.stop();
  cluster.servers.get(site)!.stop();
  cluster.patronis.get(site)!.stop();
  time.after(forMs, () => {
    network.power(site, true);
    cluster.agents.get(site)!.begin();
    cluster.servers.get(site)!.begin();
    cluster.patronis.get(site)!.begin();
  });
};

export const cutOff: Fault = ({ network, time, members }, _cluster, site, forMs) => {
  const others = members.filter((other) => other !== site);
  for (const other of others) {
    network.cut(site, other);
    network.cut(other, site);
  }
  time.after(forMs, () => {
    for (const other of others) {
      network.mend(site, other);
      network.mend(other, site);
    }
  });
};

export const cutPair: Fault = ({ network, time, random, members }, _cluster, site, forMs) => {
  const other = random.pick(members.filter((member) => member !== site));
  const bothWays = random.chance(0.5);
  network.cut(site, other);
  if (bothWays) network.cut(other, site);
  time.after(forMs, () => {
    network.mend(site, other);
    network.mend(other, site);
  });
};

export const lossyNetwork: Fault = ({ network, random, time }, _cluster, _site, forMs) => {
  const before = network.lossRate;
  network.lossRate = random.between(0.02, 0.3);
  time.after(forMs, () => {
    network.lossRate = before;
  });
};

export const agentKilled: Fault = ({ random }, cluster, site) =>
  cluster.agents.get(site)!.kill(random.between(300, 3_000));
export const agentPaused: Fault = (_world, cluster, site, forMs) =>
  cluster.agents.get(site)!.pause(forMs);
export const serverKilled: Fault = ({ random }, cluster, site) =>
  cluster.servers.get(site)!.kill(random.between(500, 3_000));
export const serverPaused: Fault = (_world, cluster, site, forMs) =>
  cluster.servers.get(site)!.pause(forMs);
export const serverSick: Fault = (_world, cluster, site, forMs) =>
  cluster.servers.get(site)!.sicken(forMs);
export const oursPaused: Fault = (world, cluster, site, forMs) => {
  agentPaused(world, cluster, site, forMs);
  serverPaused(world, cluster, site, forMs);
};
export const patroniFrozen: Fault = (_world, cluster, site, forMs) =>
  cluster.patronis.get(site)!.freeze(forMs);
export const sitePaused: Fault = (world, cluster, site, forMs) => {
  oursPaused(world, cluster, site, forMs);
  patroniFrozen(world, cluster, site, forMs);
};
export const postgresKilled: Fault = (_world, cluster, site) =>
  cluster.patronis.get(site)!.crashPostgres();
export const standbysStalled: Fault = (_world, { postgreses }, _site, forMs) => {
  for (const postgres of postgreses.values()) postgres.stall(Math.min(forMs, 8_000));
};
/** FAULTS.md, schedule 1. */
export const killedWhileBatchWaits: Fault = (world, cluster, site, forMs) => {
  standbysStalled(world, cluster, site, forMs);
  world.time.after(700, () => serverKilled(world, cluster, site, forMs));
};
/** FAULTS.md, schedule 2. */
export const postgresKilledThenSiteLost: Fault = (world, cluster, site, forMs) => {
  standbysStalled(world, cluster, site, forMs);
  world.time.after(700, () => postgresKilled(world, cluster, site, forMs));
  world.time.after(Math.min(5_000, forMs / 4), () => powerLoss(world, cluster, site, forMs / 2));
};
export const etcdFrozen: Fault = (_world, { etcd }, _site, forMs) => {
  if (etcd.leader !== null) etcd.freeze(etcd.leader, Math.min(forMs, 12_000));
};
export const etcdKilled: Fault = ({ time, random, members }, { etcd }, _site, forMs) => {
  const member = random.pick(members);
  etcd.kill(member);
  time.after(forMs, () => etcd.revive(member));
};
export const frontDown: Fault = (_world, cluster, site, forMs) =>
  cluster.agents.get(site)!.frontDown(forMs);
export const onBattery: Fault = (_world, cluster, site, forMs) =>
  cluster.agents.get(site)!.battery(forMs);
export const operatorMoves: Fault = ({ random, sites }, cluster) =>
  cluster.agents
    .get(random.pick(sites))!
    .deliver({ kind: 'switchover-wanted', id: 'x', to: random.pick(sites) });

const FAULTS: readonly Fault[] = [
  powerLoss,
  powerLoss,
  cutOff,
  cutPair,
  lossyNetwork,
  agentKilled,
  agentPaused,
  serverKilled,
  serverPaused,
  serverSick,
  oursPaused,
  patroniFrozen,
  sitePaused,
  postgresKilled,
  standbysStalled,
  killedWhileBatchWaits,
  postgresKilledThenSiteLost,
  etcdFrozen,
  etcdKilled,
  frontDown,
  onBattery,
  operatorMoves,
];

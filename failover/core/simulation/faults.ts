import { leaseKey } from '../etcd/transactions.ts';
import type { Fault } from './cluster.ts';
import { patroniFrozen } from './patroni-faults.ts';
import { powerLoss, powerOff, powerOn } from './power.ts';
import { NAMES } from './store.ts';

/**
 * F34: the active site is lost with much that nobody confirmed; the one that follows it is lost a moment
 * after its promotion, and the first one is back by then.
 */
export const bothEndsLost: Fault = (world, cluster, site) => {
  const { time, random } = world;
  const giveUpAt = time.now + 50_000;
  for (const postgres of cluster.postgreses.values()) postgres.stall(1_000);
  cluster.postgreses.get(site)!.writeMore(random.between(1e3, 5e7));
  time.after(random.between(100, 900), () => {
    if (!powerOff(world, cluster, site)) return;
    const delay = random.between(100, 4_000);
    const look = (): void => {
      const next = [...cluster.postgreses.values()].find(({ up, primary }) => up && primary);
      if (next === undefined && time.now < giveUpAt) time.after(20, look);
      else {
        if (next !== undefined)
          time.after(delay, () => powerLoss(world, cluster, next.site, random.between(5e3, 40e3)));
        time.after(random.between(0, delay), () => powerOn(world, cluster, site));
      }
    };
    look();
  });
  world.busyFor(70_000);
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
/** For good, or nearly: it is not started again, or falls each time (F28). */
export const agentGone: Fault = (_world, cluster, site, forMs) =>
  cluster.agents.get(site)!.kill(forMs);
export const agentFallsInALoop: Fault = (world, cluster, site, forMs) => {
  const { time, random } = world;
  const until = time.now + forMs;
  const fall = (): void => {
    cluster.agents.get(site)!.kill(random.between(500, 1_500));
    if (time.now < until) time.after(random.between(1_600, 4_000), fall);
  };
  fall();
};
/** F30: a machine that was cloned is started beside its origin. */
export const twinStarted: Fault = ({ time }, cluster, site, forMs) => {
  const { agent, server } = cluster.addTwin(site);
  time.after(forMs, () => {
    agent.stop();
    server.stop();
  });
};
/** F21: it is back before anybody could take over, and lost again once all is well. */
export const powerFlaps: Fault = (world, cluster, site, forMs) => {
  const { time, random } = world;
  const until = time.now + forMs;
  const flap = (): void => {
    powerLoss(world, cluster, site, random.between(500, 4_000));
    const next = random.between(12_000, 30_000);
    if (time.now + next < until) time.after(next, flap);
  };
  flap();
};
export const serverKilled: Fault = ({ random }, cluster, site) =>
  cluster.servers.get(site)!.kill(random.between(500, 3_000));
export const serverPaused: Fault = (_world, cluster, site, forMs) =>
  cluster.servers.get(site)!.pause(forMs);
export const serverSick: Fault = (_world, cluster, site, forMs) =>
  cluster.servers.get(site)!.sicken(forMs);
export const serverFallsInALoop: Fault = (_world, cluster, site, forMs) =>
  cluster.servers.get(site)!.crashInALoop(forMs);
/** F29: its PostgreSQL answers, and commits nothing. */
export const commitsHang: Fault = (_world, cluster, site, forMs) =>
  cluster.postgreses.get(site)!.hang(forMs);
export const takeoverHangs: Fault = (_world, cluster, site, forMs) =>
  cluster.servers.get(site)!.hangInTakeover(forMs);
export const oursPaused: Fault = (world, cluster, site, forMs) => {
  agentPaused(world, cluster, site, forMs);
  serverPaused(world, cluster, site, forMs);
};
export const sitePaused: Fault = (world, cluster, site, forMs) => {
  oursPaused(world, cluster, site, forMs);
  patroniFrozen(world, cluster, site, forMs);
};
/** The whole machine, as when its hypervisor moves it: nothing of it is heard, and all goes on later. */
export const machinePaused: Fault = (world, cluster, site, forMs) => {
  sitePaused(world, cluster, site, forMs);
  cluster.postgreses.get(site)!.pause(forMs);
  cluster.etcd.freeze(site, forMs);
  cutOff(world, cluster, site, forMs);
};
/** What Patroni leaves there, and what somebody with a keyboard does. */
export const failoverKeyOdd: Fault = ({ random }, { etcd }) => {
  const odd = random.pick<unknown>(['{', 'a:b', '', {}, { leader: null, member: null }]);
  etcd.change((store) => store.put(NAMES.patroniFailover, odd));
};
/** Somebody with a keyboard takes a lease's key away, or writes into it what nobody can read. */
export const leaseRemoved: Fault = ({ random }, { etcd }) => {
  const key = leaseKey(NAMES, random.pick(['leader', 'address']));
  const garbled = random.chance(0.5);
  etcd.change((store) => (garbled ? store.put(key, '{') : store.remove(key)));
};
export const clonedAnew: Fault = ({ random, sites }, cluster) =>
  cluster.patronis.get(random.pick(sites))!.reinitialize();
export const bulkWritten: Fault = ({ random }, { postgreses }, site) =>
  postgreses.get(site)!.writeMore(random.between(1e3, 5e7));
export const slowAddress: Fault = (_world, cluster, site, forMs) =>
  cluster.agents.get(site)!.slowAddress(forMs);
export const bothStandbysLost: Fault = (world, cluster, site, forMs) => {
  for (const other of world.sites)
    if (other !== site) powerLoss(world, cluster, other, world.random.between(0.3, 1) * forMs);
};
export const postgresKilled: Fault = (_world, cluster, site) =>
  cluster.patronis.get(site)!.crashPostgres();
export const standbysStalled: Fault = (_world, { postgreses }, _site, forMs) => {
  for (const postgres of postgreses.values()) postgres.stall(Math.min(forMs, 8_000));
};
/** Its Patroni answers, but it receives nothing, and is moved to all the same. */
export const moveToOneThatLags: Fault = ({ time, random, sites }, cluster, site) => {
  const to = random.pick(sites.filter((other) => other !== site));
  cluster.postgreses.get(to)!.stall(random.between(3_000, 12_000));
  time.after(random.between(100, 3_000), () =>
    cluster.patronis.get(site)!.switchover(to, () => {}),
  );
};
/** docs/faults.md, schedule 1. */
export const killedWhileBatchWaits: Fault = (world, cluster, site, forMs) => {
  standbysStalled(world, cluster, site, forMs);
  world.time.after(700, () => serverKilled(world, cluster, site, forMs));
};
/** docs/faults.md, schedule 2. */
export const postgresKilledThenSiteLost: Fault = (world, cluster, site, forMs) => {
  standbysStalled(world, cluster, site, forMs);
  world.time.after(700, () => postgresKilled(world, cluster, site, forMs));
  world.time.after(Math.min(4_000, forMs / 4), () => powerLoss(world, cluster, site, forMs / 2));
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
export const batteryLow: Fault = (_world, cluster, site, forMs) =>
  cluster.agents.get(site)!.battery(forMs, 'low');
export const operatorMoves: Fault = ({ random, sites }, cluster) =>
  cluster.agents
    .get(random.pick(sites))!
    .deliver({ kind: 'switchover-wanted', id: 'x', to: random.pick(sites) });

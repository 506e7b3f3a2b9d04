import type { Site } from '../view.ts';
import type { Cluster, Fault } from './cluster.ts';
import { etcdHiddenAndPatroniFrozen } from './etcd-faults.ts';
import { cutOff, machinePaused } from './faults.ts';
import { powerLoss } from './power.ts';
import { primaryOf } from './store.ts';
import type { World } from './world.ts';

// What the third fence has to stand (docs/third-fence.md).

/**
 * A hypervisor stops the whole machine, and its clock with it: when it goes on its server believes that its deadline is not over yet, and asks
 * its standbys to confirm what it commits. Some go on streaming from it for as long as nobody has told them otherwise.
 */
export const machineStopped: Fault = (world, cluster, site, forMs) => {
  world.stopClock(site, forMs);
  machinePaused(world, cluster, site, forMs);
};

/** And is heard again at different times by different sites: each way by itself. */
export const cutOffAndMendedInTurn: Fault = (world, cluster, site, forMs) => {
  const { time, random, network, members } = world;
  cutOff(world, cluster, site, forMs);
  for (const other of othersOf(members, site))
    for (const [from, to] of [
      [site, other],
      [other, site],
    ] as const)
      time.after(random.between(0, forMs), () => network.mend(from, to));
};

/**
 * So shortly that it goes on about when another site is promoted: that one's votes are counted by then, and the third site follows the old
 * primary still, if nothing keeps it from that.
 */
export const stoppedUntilPromotion: Fault = (world, cluster, site) =>
  machineStopped(world, cluster, site, world.random.between(2_800, 5_000));

/**
 * Its agent does not reach etcd, and its Patroni is frozen, so that its PostgreSQL goes on; each other site hears it all the time, never, or
 * from some moment on.
 */
export const hiddenAndHeardBySome: Fault = (world, cluster, site, forMs) => {
  const { time, random, network, sites } = world;
  etcdHiddenAndPatroniFrozen(world, cluster, site, forMs);
  for (const other of sites.filter((each) => each !== site && random.chance(0.7))) {
    network.cut(site, other);
    network.cut(other, site);
    const heardAgainMs = random.chance(0.5) ? forMs : random.between(2_000, 6_000);
    time.after(heardAgainMs, () => {
      network.mend(site, other);
      network.mend(other, site);
    });
  }
};

/** And no standby receives anything meanwhile, so that none has more than another, which alone would keep all from being promoted. */
export const hiddenAndNobodyReceives: Fault = (world, cluster, site, forMs) => {
  for (const postgres of cluster.postgreses.values()) postgres.stall(3_500);
  hiddenAndHeardBySome(world, cluster, site, forMs);
};

/** Whoever takes the place of the one that is lost dies at once, before its promotion or after; and the old one is back by then, or not. */
export const candidateLost: Fault = (world, cluster, site, forMs) => {
  const { time, random } = world;
  const stopped = random.chance(0.5) ? cutOff : random.chance(0.5) ? machineStopped : powerLoss;
  const oldMs = random.between(2_500, 25_000);
  stopped(world, cluster, site, oldMs);
  onceGiven(world, cluster, site, (to) =>
    time.after(random.chance(0.5) ? 0 : random.between(0, 4_000), () =>
      powerLoss(world, cluster, to, random.between(3_000, 40_000)),
    ),
  );
  world.busyFor(Math.max(forMs, 70_000));
};

/** Schedule 5: who has promised begins anew, with its machine, its Patroni or its agent, while the old primary lives. */
export const promiserBeginsAnew: Fault = (world, cluster, site, forMs) => {
  const { time, random, sites } = world;
  const away = random.pick([machineStopped, cutOff, cutOffAndMendedInTurn]);
  away(world, cluster, site, Math.max(forMs, 6_000));
  for (const other of othersOf(sites, site))
    time.after(random.between(2_000, 6_000), () => {
      const how = random.next();
      if (how < 0.4) powerLoss(world, cluster, other, random.between(300, 3_000));
      else if (how < 0.7) cluster.agents.get(other)!.kill(random.between(300, 3_000));
      else cluster.patronis.get(other)!.restart(random.between(300, 2_000));
    });
};

/** M4: a standby has begun anew and replays still, when the primary is lost: what it received, and confirmed, it does not say. */
export const replayLags: Fault = (...broken) => replaysFor(12_000, ...broken);

/** The same, for so long. */
export function replaysFor(replayMs: number, ...[world, cluster, site, forMs]: Parameters<Fault>) {
  const { time, random, sites } = world;
  const others = othersOf(sites, site);
  const [lags, other] = random.chance(0.5) ? others : others.reverse();
  cluster.postgreses.get(other ?? lags!)!.stall(8_000);
  time.after(random.between(500, 2_000), () => {
    const { wal } = cluster.postgreses.get(lags!)!;
    cluster.postgreses.get(lags!)!.replayFrom(Math.max(0, wal.length - 40), replayMs);
    powerLoss(world, cluster, site, forMs);
  });
}

/** Drawn as well where the third fence is on. */
export const FENCE_FAULTS: readonly Fault[] = [
  powerLoss,
  powerLoss,
  cutOff,
  machineStopped,
  stoppedUntilPromotion,
  hiddenAndHeardBySome,
  cutOffAndMendedInTurn,
  cutOffAndMendedInTurn,
  candidateLost,
  candidateLost,
  promiserBeginsAnew,
  promiserBeginsAnew,
  replayLags,
];

const othersOf = (sites: readonly Site[], site: Site): Site[] =>
  sites.filter((each) => each !== site);

/** Once somebody has the key that was another's, or not at all. */
function onceGiven(world: World, cluster: Cluster, from: Site, then: (to: Site) => void): void {
  const { time } = world;
  const giveUpAt = time.now + 40_000;
  const look = (): void => {
    const leads = primaryOf(cluster.etcd.store);
    if (leads !== null && leads !== from) then(leads);
    else if (time.now < giveUpAt) time.after(20, look);
  };
  look();
}

import { type OwnEtcd, type PossiblePromotion, planPromotion } from '../recovery/promotion.ts';
import { TIMINGS } from '../timings.ts';
import type { Site } from '../view.ts';
import type { Cluster, Fault } from './cluster.ts';
import { operate } from './never-returns.ts';
import { powerLoss, powerOff, powerOn } from './power.ts';
import { NAMES } from './store.ts';
import type { World } from './world.ts';

/**
 * Of two sites without a witness one is lost, or only cut off with its clients, and an administrator lets the other go on, being wrong about what is off
 * in half of all seeds. What was given up returns, also while the other is down, and is taken in anew later. `promoted` hears of each order.
 */
export const otherIsGivenUp =
  (promoted: (plan: PossiblePromotion) => void): Fault =>
  (world, cluster) => {
    const { time, random, sites } = world;
    const lost = random.pick(sites);
    const left = sites.find((site) => site !== lost)!;
    const lostAt = random.between(500, 15_000);
    const backAt = lostAt + random.between(75e3, 150e3);
    if (random.chance(0.5)) cluster.postgreses.get(left)!.stall(random.between(1e3, 15e3));
    const back = loseOne(world, cluster, { lost, left, lostAt });
    time.after(lostAt + 62_000, () =>
      promoteAt(world, cluster, { site: left, until: time.now + 13_000 }, promoted),
    );
    time.after(lostAt + 70_000, () => operate(world, cluster, () => {}, time.now + 90_000));
    if (random.chance(0.5))
      time.after(backAt - random.between(-5e3, 5e3), () =>
        powerLoss(world, cluster, left, random.between(3e3, 25e3)),
      );
    time.after(backAt, back);
    time.after(backAt + 60_000, () => cluster.etcd.takeInAnew());
    world.busyFor(backAt + 70_000);
  };

interface Parted {
  readonly lost: Site;
  readonly left: Site;
  readonly lostAt: number;
}

/** Gives how it comes back. */
function loseOne(world: World, cluster: Cluster, { lost, left, lostAt }: Parted): () => void {
  const { time, random, network } = world;
  if (random.chance(0.5)) {
    time.after(lostAt, () => powerOff(world, cluster, lost));
    return () => powerOn(world, cluster, lost);
  }
  const ways: readonly (readonly [Site, Site])[] = [
    [lost, left],
    [left, lost],
  ];
  time.after(lostAt, () => {
    for (const [from, to] of ways) network.cut(from, to);
  });
  return () => {
    for (const [from, to] of ways) network.mend(from, to);
  };
}

/** He is told what would be lost, types what he is asked for, and orders it a moment later. */
function promoteAt(
  world: World,
  cluster: Cluster,
  { site, until }: { readonly site: Site; readonly until: number },
  promoted: (plan: PossiblePromotion) => void,
): void {
  const { time, random, note } = world;
  const agent = cluster.agents.get(site)!;
  if (!agent.alive || time.now > until) return;
  const own = ownEtcd(world, cluster, site);
  const beside = { members: own.members.length, reached: own.reached };
  const looked = { own, beside, began: Number.NEGATIVE_INFINITY };
  const plan = planPromotion(agent.state, looked, world.clock(site), TIMINGS);
  if (plan.kind === 'refused') {
    note(`at ${site} nobody may be given up: ${plan.why}`);
    time.after(1_000, () => promoteAt(world, cluster, { site, until }, promoted));
    return;
  }
  note(`at ${site} an administrator sees ${JSON.stringify(plan.atStake)}`);
  time.after(random.between(500, 3_000), () => {
    const { revision, hasLeader, reached } = ownEtcd(world, cluster, site);
    if (revision !== plan.seen.revision || hasLeader || reached.length > 0) return;
    note(`etcd of ${site} goes on without ${plan.without}`);
    const incarnation = { number: plan.seen.number, id: 'x', site, without: [plan.without] };
    cluster.etcd.goOnAlone(site, (store) => store.put(NAMES.incarnation, incarnation));
    promoted(plan);
  });
}

/** Of two members each has in its log all that was decided. */
function ownEtcd({ network, members }: World, { etcd }: Cluster, site: Site): OwnEtcd {
  const { store, leader } = etcd;
  const view = store.view();
  const revisionOf = (key: string): number => store.get(key)?.revision ?? 0;
  const { sync, timelines } = {
    sync: revisionOf(NAMES.patroniSync),
    timelines: revisionOf(NAMES.timelines),
  };
  const other = members.find((member) => member !== site)!;
  const isThere = network.isOn(other) && network.links(site, other);
  return {
    ...{ clusterId: view.clusterId, memberId: site, revision: store.revision },
    voters: members,
    ...{ isWhole: true, hasLeader: leader !== null && isThere },
    members: members.map((name) => ({ id: name, name, isLearner: false })),
    view,
    revisions: { sync, timelines, incarnation: revisionOf(NAMES.incarnation) },
    ...{ doors: [other], reached: isThere ? [other] : [] },
  };
}

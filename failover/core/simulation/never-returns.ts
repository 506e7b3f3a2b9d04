import { type Possible, planRecovery } from '../recovery/recovery.ts';
import { TIMINGS } from '../timings.ts';
import type { Site } from '../view.ts';
import type { Cluster, Fault } from './cluster.ts';
import { powerOff, powerOn } from './power.ts';
import { primaryOf } from './store.ts';
import type { World } from './world.ts';

/**
 * F4: the standbys fall behind or not, all sites lose their power, and all but the last leader get it back. An operator goes on
 * without it, where that is needed; it returns after what stands for months, with all that it had. `recovered` hears of each order.
 */
export const leaderNeverReturns =
  (recovered: (plan: Possible) => void): Fault =>
  (world, cluster, leader) => {
    const { time, random, sites } = world;
    const others = sites.filter((site) => site !== leader);
    for (const site of others) fallBehind(world, cluster, site);
    const darkAt = random.between(500, 14_000);
    for (const site of sites)
      time.after(darkAt + random.between(0, 3_000), () => powerOff(world, cluster, site));
    for (const site of others)
      time.after(darkAt + random.between(4e3, 15e3), () => powerOn(world, cluster, site));
    time.after(darkAt + 15_000, () => operate(world, cluster, recovered, time.now + 120_000));
    time.after(darkAt + random.between(110e3, 160e3), () => powerOn(world, cluster, leader));
    world.busyFor(darkAt + 180_000);
  };

/** Without power, or as one that receives nothing: for so long that it is no longer named, in half of all seeds. */
function fallBehind(world: World, cluster: Cluster, site: Site): void {
  const { random } = world;
  if (random.chance(0.3)) return;
  if (world.strict) cluster.postgreses.get(site)!.stall(random.between(1e3, 20e3));
  else powerOff(world, cluster, site);
}

/** Asks again and again at a site that is there, and does as he is told. */
export function operate(
  world: World,
  cluster: Cluster,
  recovered: (plan: Possible) => void,
  until: number,
): void {
  const { time, random } = world;
  if (time.now > until) return;
  time.after(2_000, () => operate(world, cluster, recovered, until));
  const agents = [...cluster.agents.values()].filter(({ alive }) => alive);
  if (agents.length === 0) return;
  const agent = random.pick(agents);
  const plan = planRecovery(agent.state, null, world.clock(agent.host), TIMINGS);
  if (plan.kind === 'refused') return;
  world.note(`at ${agent.site} an operator sees ${JSON.stringify(plan.atStake)}`);
  const order = {
    to: plan.to,
    seen: plan.seen,
    confirmed: plan.confirm,
    by: 'one',
    at: `${time.now}`,
  };
  agent.deliver({ kind: 'recovery-wanted', id: `${time.now}`, ...order });
  const look = (): void => {
    if (primaryOf(cluster.etcd.store) !== plan.to) return;
    recovered(plan);
    if (plan.confirm !== null) cluster.giveUpBeyond(plan.to);
  };
  time.after(500, look);
}

import type { Site } from '../view.ts';
import type { Cluster, Fault } from './cluster.ts';
import { allDisksStall, diskFills, diskStalls, diskStallsAgainAndAgain } from './disk-faults.ts';
import {
  etcdAway,
  etcdAwayAndSiteLost,
  etcdHidden,
  etcdHiddenAndLinksCut,
  etcdHiddenAndPatroniFrozen,
} from './etcd-faults.ts';
import {
  agentFallsInALoop,
  agentGone,
  agentKilled,
  agentPaused,
  batteryLow,
  bothEndsLost,
  bothStandbysLost,
  bulkWritten,
  clonedAnew,
  commitsHang,
  cutOff,
  cutPair,
  etcdFrozen,
  etcdKilled,
  failoverKeyOdd,
  frontDown,
  killedWhileBatchWaits,
  leaseRemoved,
  lossyNetwork,
  machinePaused,
  moveToOneThatLags,
  onBattery,
  operatorMoves,
  oursPaused,
  postgresKilled,
  postgresKilledThenSiteLost,
  powerFlaps,
  serverFallsInALoop,
  serverKilled,
  serverPaused,
  serverSick,
  sitePaused,
  slowAddress,
  standbysStalled,
  takeoverHangs,
  twinStarted,
} from './faults.ts';
import { FENCE_FAULTS } from './fence-faults.ts';
import { cardSick, cardSickAgainAndAgain } from './link-faults.ts';
import {
  frozenInItsLoop,
  frozenInTurn,
  leftTooEarly,
  pausedBetweenLosses,
  promotedApart,
} from './overtaken.ts';
import { patroniFrozen, patroniPaused, patroniRestarted } from './patroni-faults.ts';
import { powerLoss } from './power.ts';
import { primaryOf } from './store.ts';
import type { World } from './world.ts';

/** One thing that breaks: what, when, and for how long; where, is drawn when it does. */
export interface Drawn {
  readonly fault: string;
  readonly at: number;
  readonly forMs: number;
}

/** Nothing is broken for a shorter time. */
export const FAULT_MS_MIN = 500;

interface Breaking {
  readonly from: number;
  readonly until: number;
  /** Breaks this in the place of what is drawn. */
  readonly instead?: readonly Drawn[] | undefined;
}

/** Breaks a thing or two at times drawn from the seed, and tells which; whatever was broken is mended again. */
export function breakThings(
  world: World,
  cluster: Cluster,
  { instead, ...span }: Breaking,
): readonly Drawn[] {
  const { time, note } = world;
  const faults = faultsOf(world);
  // Drawn in any case: then the same seed draws the same of all else.
  const drawn = draw(world, faults, span);
  const broken = instead ?? drawn;
  for (const { fault: name, at, forMs } of broken)
    time.at(at, () => {
      const site = pickSite(world, cluster);
      note(`${name} at ${site} for ${Math.round(forMs)} ms`);
      faults.find((fault) => fault.name === name)!(world, cluster, site, forMs);
    });
  return broken;
}

/** All that may be drawn: of several names alike the more often. */
export const faultsOf = ({
  failsafe,
  thirdFence,
}: Pick<World, 'failsafe' | 'thirdFence'>): readonly Fault[] => [
  ...FAULTS,
  ...(failsafe ? FAILSAFE_FAULTS : []),
  ...(thirdFence ? FENCE_FAULTS : []),
];

function draw(
  { random }: World,
  faults: readonly Fault[],
  { from, until }: Pick<Breaking, 'from' | 'until'>,
): readonly Drawn[] {
  const count = 1 + Math.floor(random.next() * 4);
  return Array.from({ length: count }, () => {
    const at = random.between(from, until - 1_000);
    const forMs = Math.min(random.between(FAULT_MS_MIN, 30_000), until - at);
    return { fault: random.pick(faults).name, at, forMs };
  });
}

/** Rather the active site: there it hurts. */
function pickSite({ random, sites }: World, { etcd }: Cluster): Site {
  const active = primaryOf(etcd.store);
  return active !== null && random.chance(0.6) ? active : random.pick(sites);
}

const FAULTS: readonly Fault[] = [
  powerLoss,
  powerLoss,
  bothEndsLost,
  bothEndsLost,
  promotedApart,
  leftTooEarly,
  frozenInTurn,
  frozenInItsLoop,
  pausedBetweenLosses,
  bothStandbysLost,
  cutOff,
  cutPair,
  lossyNetwork,
  cardSick,
  cardSickAgainAndAgain,
  agentKilled,
  agentPaused,
  agentGone,
  agentFallsInALoop,
  twinStarted,
  powerFlaps,
  serverKilled,
  serverPaused,
  serverSick,
  serverFallsInALoop,
  commitsHang,
  takeoverHangs,
  diskStalls,
  diskStallsAgainAndAgain,
  allDisksStall,
  diskFills,
  oursPaused,
  patroniFrozen,
  patroniRestarted,
  patroniPaused,
  failoverKeyOdd,
  leaseRemoved,
  clonedAnew,
  bulkWritten,
  sitePaused,
  machinePaused,
  postgresKilled,
  standbysStalled,
  moveToOneThatLags,
  killedWhileBatchWaits,
  postgresKilledThenSiteLost,
  etcdFrozen,
  etcdKilled,
  frontDown,
  slowAddress,
  onBattery,
  batteryLow,
  operatorMoves,
];

/** Drawn as well where the agents may go on without etcd. */
const FAILSAFE_FAULTS: readonly Fault[] = [
  etcdAway,
  etcdHidden,
  etcdHidden,
  etcdAwayAndSiteLost,
  etcdHiddenAndLinksCut,
  etcdHiddenAndPatroniFrozen,
];

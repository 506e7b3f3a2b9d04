import type { Site } from '../view.ts';
import { startClients } from './clients.ts';
import type { Cluster } from './cluster.ts';
import { breakThings, type Drawn } from './drawn-faults.ts';
import { Invariants } from './invariants.ts';
import { LOSS_RATE, network } from './network.ts';
import { RaisedCluster } from './raise.ts';
import { type Random, random } from './random.ts';
import { Rest } from './rest.ts';
import { primaryOf } from './store.ts';
import { type Timeline, timeline } from './timeline.ts';
import type { Bugs, World } from './world.ts';

/** What a run of one seed found. `broken` is null if every invariant held. */
export interface Outcome {
  readonly broken: string | null;
  readonly acknowledged: number;
  readonly terms: number;
  readonly addressMoves: number;
  /** Of these, how many since the faults began. */
  readonly addressMovesByFaults: number;
  /** The longest time without the address at any site since then. */
  readonly addressGapMs: number;
  /** The longest time without an acknowledged write since then. */
  readonly ackGapMs: number;
  /** From the last mending to all being well again. */
  readonly healedAfterMs: number;
  /** All of it, by the simulated clock. */
  readonly lastedMs: number;
  readonly story: readonly string[];
  /** What was drawn to break; nothing where the story has faults of its own. */
  readonly drawn: readonly Drawn[];
}

export interface Setting {
  readonly seed: number;
  readonly bugs?: Bugs;
  /** Called when all are well for the first time; without it faults are drawn from the seed. */
  readonly faults?: Story;
  readonly faultsMs?: number;
  /** In the place of what the seed draws. */
  readonly drawn?: readonly Drawn[];
  /** No message is lost or late but by a fault. */
  readonly calm?: boolean;
  /** Two sites and a witness instead of three sites. */
  readonly witness?: boolean;
  /** Two sites and nobody beside them. */
  readonly withoutWitness?: boolean;
  /** Switched on at all sites; then faults that are drawn take etcd away, too. */
  readonly failsafe?: boolean;
  /** The third fence, at all sites; then more faults are drawn as well. */
  readonly thirdFence?: boolean;
  /** The last site with power goes on alone, at all sites. */
  readonly alone?: boolean;
}

/** Breaks what it wants at times of its own, told which site is active when it begins. */
export type Story = (world: World, cluster: Cluster, active: Site) => void;

/** When faults begin, and for how long they go on. */
export const WARM_UP_MS = 10_000;
export const FAULTS_MS = 32_000;
const HEAL_WITHIN_MS = 90_000;
/** In one seed of so many etcd is slow with what changes something (what has a condition is what that is for). */
const LATE_EACH = 5;
const LATE_RATE = 0.3;

export function simulate(setting: Setting): Outcome {
  const chance = random(setting.seed);
  const time = timeline();
  const story: string[] = [];
  const world = makeWorld(setting, chance, time, story);
  const check = new Invariants(world);
  const cluster = new RaisedCluster(world, check);
  startClients(world, cluster.agents, cluster.servers);
  const drawn = suffer(setting, world, cluster, check);
  const mendedAt = time.now;
  recover(setting, world, cluster, check);
  const { acknowledged, address, terms } = check;
  const byFaults = {
    terms: terms.size,
    addressMoves: address.count,
    addressMovesByFaults: address.counted,
    addressGapMs: address.gapMs,
    ackGapMs: acknowledged.gapMs,
    healedAfterMs: time.now - mendedAt,
  };
  if (check.broken === null && restsAfter(setting)) new Rest(world, cluster, check).run();
  if (check.broken === null) check.finish(cluster);
  return {
    ...byFaults,
    broken: check.broken,
    acknowledged: acknowledged.count,
    lastedMs: time.now,
    story,
    drawn,
  };
}

/** A story of its own ends as it says; of the last site with power nobody says how it rests. */
const restsAfter = ({ faults, alone }: Setting): boolean => faults === undefined && !alone;

/** Until the last fault is over. */
function suffer(
  { seed, faults, faultsMs = FAULTS_MS, drawn: instead, calm }: Setting,
  world: World,
  cluster: Cluster,
  check: Invariants,
): readonly Drawn[] {
  const { time, network } = world;
  const from = WARM_UP_MS;
  const until = from + faultsMs;
  if (calm) [network.lossRate, network.watchLossRate] = [0, 0];
  if (faults === undefined && !calm && seed % LATE_EACH === 0) network.lateRate = LATE_RATE;
  const drawn = faults === undefined ? breakThings(world, cluster, { from, until, instead }) : [];
  if (faults) time.at(from, () => faults(world, cluster, primaryOf(cluster.etcd.store) ?? 'a'));
  time.at(from, () => check.beginCounting());
  while (time.now < Math.max(until, world.busyUntil) && check.broken === null) {
    time.runUntil(time.now + 1_000);
    check.honesty.look(cluster);
  }
  return drawn;
}

function recover({ calm }: Setting, world: World, cluster: Cluster, check: Invariants): void {
  const { time } = world;
  const mendedAt = time.now;
  mendAll(world, cluster, calm);
  while (check.broken === null && !check.well(cluster)) {
    if (time.now > mendedAt + HEAL_WITHIN_MS) {
      world.note(standing(cluster));
      check.verdict.fail(`not well ${HEAL_WITHIN_MS} ms after mending`);
    }
    time.runUntil(time.now + 500);
  }
}

/** How things stand, for whoever reads the story of a seed. */
function standing({ etcd, postgreses, patronis }: Cluster): string {
  const { leader, patroni } = etcd.store.view();
  const copies = [...postgreses.values()].map(({ site, up, primary, timeline, lsn, follows }) => {
    const { state, frozen } = patronis.get(site)!;
    return { site, up, primary, timeline, lsn, follows, state, frozen };
  });
  return JSON.stringify({ leader, patroni, copies });
}

function makeWorld(setting: Setting, chance: Random, time: Timeline, story: string[]): World {
  const { withoutWitness = false } = setting;
  const witness = setting.witness ?? setting.seed % 4 === 3;
  const sites = witness || withoutWitness ? ['a', 'b'] : ['a', 'b', 'c'];
  const members = witness && !withoutWitness ? ['a', 'b', 'w'] : sites;
  const clocks = new Map(
    members.map((site) => [
      site,
      { zero: chance.between(0, 1e7), speed: chance.between(0.99, 1.01) },
    ]),
  );
  const clockOf = (machine: string) => {
    const clock = clocks.get(machine) ?? { zero: chance.between(0, 1e7), speed: 1 };
    clocks.set(machine, clock);
    return clock;
  };
  const clockStoodUntil = new Map<string, number>();
  let busyUntil = 0;
  return {
    time,
    get busyUntil() {
      return busyUntil;
    },
    busyFor: (ms) => {
      busyUntil = Math.max(busyUntil, time.now + ms);
    },
    random: chance,
    network: network(members, chance),
    sites,
    members,
    strict: sites.length > 2,
    failsafe: setting.failsafe ?? false,
    thirdFence: setting.thirdFence ?? false,
    alone: setting.alone ?? false,
    bugs: setting.bugs ?? {},
    clock: (machine) => clockOf(machine).zero + clockOf(machine).speed * time.now,
    clockStood: (machine, withinMs) =>
      time.now < (clockStoodUntil.get(machine) ?? -Infinity) + withinMs,
    stopClock: (machine, forMs) => {
      const until = Math.max(time.now + forMs, clockStoodUntil.get(machine) ?? 0);
      clockStoodUntil.set(machine, until);
      time.after(forMs, () => {
        const clock = clockOf(machine);
        clock.zero -= clock.speed * forMs;
      });
    },
    note: (what) => void story.push(`${time.now.toFixed(0).padStart(7)} ${what}`),
  };
}

/** What the seed's own mending may have missed. */
function mendAll({ network, time }: World, cluster: Cluster, calm = false): void {
  network.mendAll();
  network.lossRate = calm ? 0 : LOSS_RATE;
  network.lateRate = 0;
  time.runUntil(time.now + 1);
  for (const site of cluster.agents.keys()) {
    cluster.etcd.revive(site);
    cluster.etcd.show(site);
    cluster.etcd.membership?.starts.powerOn(site);
  }
  for (const { disk } of cluster.postgreses.values()) disk.mend();
  for (const patroni of cluster.patronis.values()) {
    patroni.thaw();
    patroni.beginIfEnded();
  }
  for (const agent of cluster.agents.values()) agent.beginIfEnded();
  for (const server of cluster.servers.values()) server.beginIfEnded();
}

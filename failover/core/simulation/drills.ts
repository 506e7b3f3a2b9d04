import type { Site } from '../view.ts';
import type { Fault } from './cluster.ts';
import { fillDisk, stallDisk } from './disk-faults.ts';
import { etcdAway } from './etcd-faults.ts';
import {
  agentGone,
  batteryLow,
  commitsHang,
  cutOff,
  etcdFrozen,
  frontDown,
  machinePaused,
  onBattery,
  serverFallsInALoop,
  serverKilled,
  serverSick,
} from './faults.ts';
import { sickenCard } from './link-faults.ts';
import { patroniFrozen } from './patroni-faults.ts';
import { powerLoss } from './power.ts';
import type { World } from './world.ts';

/** One thing that breaks while all is whole and no other message is lost, and what has to come of it (docs/faults.md). */
export interface Drill {
  readonly name: string;
  /** At the active site. */
  readonly begin: Fault;
  /** `moves`: the lead, and the address with it; `as ordered`: to whom the operator named, who is told so. */
  readonly expected: 'moves' | 'stays' | 'address moves' | 'as ordered';
  /** It lasts so long; what is expected to move has moved by then, and writes go on. */
  readonly withinMs: number;
  /** The longest time without an acknowledged write. */
  readonly writeGapMs: number;
  /** The longest time without the address. */
  readonly addressGapMs: number;
  /** Only where each site may lead and this one may give up the lead: nobody has to prove himself. */
  readonly planned: boolean;
  /** Only where each other site may let this one go on: it was not promoted half a minute ago (failover/README.md). */
  readonly byLeave?: true;
}

export const ORDER = 'drill';
/** At which site the operator of a drill asks. */
export const orderedAt = ({ sites }: World): Site => sites[0]!;

export const orderedTo = ({ sites }: World, active: Site): Site =>
  sites.findLast((site) => site !== active)!;

/** All that can be drawn in such a world. */
export const drillsOf = ({ thirdFence, failsafe }: World): readonly Drill[] => [
  ...PLANNED,
  ...STAYING,
  ...(failsafe ? [ETCD_AWAY] : []),
  FRONT_DOWN,
  ...LOST.map((drill) => ({ ...drill, ...(thirdFence ? FENCED : {}) })),
  PATRONI_FROZEN,
];

const planned = (
  name: string,
  [withinMs, writeGapMs]: readonly [number, number],
  begin: Drill['begin'],
): Drill => ({
  ...{ name, begin, expected: 'moves', withinMs, writeGapMs, addressGapMs: 500, planned: true },
});

/** A healthy site is left in order. */
const PLANNED: readonly Drill[] = [
  {
    ...planned('an operator moves the lead', [6_000, 5_000], (world, { agents }, active) => {
      const to = orderedTo(world, active);
      agents.get(orderedAt(world))!.deliver({ kind: 'switchover-wanted', id: ORDER, to });
    }),
    expected: 'as ordered',
  },
  planned('the server is sick', [20_000, 5_000], serverSick),
  // Its address ends by its own lifetime.
  { ...planned('the agent is gone', [12_000, 6_000], agentGone), addressGapMs: 2_500 },
  planned('the disk stalls', [18_000, 14_000], stallDisk),
  planned('the disk fills', [20_000, 5_000], (world, cluster, site, forMs) =>
    fillDisk(world, cluster, site, { free: 0.045, fullAfterMs: 60_000, forMs }),
  ),
  planned('the site is on battery', [10_000, 5_000], onBattery),
  planned('the battery is low', [6_000, 5_000], batteryLow),
  planned('the network card is sick', [15_000, 5_000], (world, cluster, site, forMs) =>
    sickenCard(world, cluster, site, { loss: 0.15, forMs }),
  ),
  planned('commits hang', [23_000, 19_000], commitsHang),
  planned('the server falls again and again', [25_000, 12_000], serverFallsInALoop),
];

const staying = (name: string, writeGapMs: number, begin: Drill['begin']): Drill => ({
  ...{ name, begin, expected: 'stays', withinMs: 12_000, writeGapMs, addressGapMs: 1_000 },
  planned: true,
});

/** What passes by itself, or costs others something. */
const STAYING: readonly Drill[] = [
  staying('a standby is lost', 7_000, (world, cluster, active) =>
    powerLoss(world, cluster, otherOf(world, active), 8_000),
  ),
  staying('the battery is tested', 1_500, (world, cluster, site) =>
    onBattery(world, cluster, site, 1_500),
  ),
  staying('the server is killed', 5_000, serverKilled),
  // With the third fence one that is away for longer costs the lead (fence.test.ts).
  staying('the agent is killed', 1_500, ({ random }, { agents }, site) =>
    agents.get(site)!.kill(random.between(300, 1_500)),
  ),
  staying("etcd's leader is frozen", 2_000, etcdFrozen),
];

const ETCD_AWAY: Drill = { ...staying('etcd is away', 2_000, etcdAway), byLeave: true };

const FRONT_DOWN: Drill = {
  name: 'the front is down',
  begin: frontDown,
  ...{ expected: 'address moves', withinMs: 6_000, writeGapMs: 2_000, addressGapMs: 500 },
  planned: false,
};

/** Where another site has taken the address first it follows the lead six seconds later. */
const BY_PATRONI = { withinMs: 36_000, writeGapMs: 28_000 };
const FENCED = { withinMs: 14_000, writeGapMs: 8_000 };

const lost = (name: string, begin: Drill['begin']): Drill => ({
  ...{ name, begin, expected: 'moves', ...BY_PATRONI, addressGapMs: 5_000, planned: false },
});

/** Nobody hears from the active site any more. */
const LOST: readonly Drill[] = [
  lost('the site is lost', powerLoss),
  lost('the site is cut off', cutOff),
  lost('the machine is paused', machinePaused),
];

/** Its PostgreSQL lives, and its server: only the key's end takes the lead away, also with the third fence. */
const PATRONI_FROZEN: Drill = {
  ...lost('Patroni is frozen', patroniFrozen),
  writeGapMs: 10_000,
};

function otherOf({ random, sites }: World, active: Site): Site {
  return random.pick(sites.filter((site) => site !== active));
}

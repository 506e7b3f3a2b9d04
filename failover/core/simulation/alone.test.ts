import { expect, test, vi } from 'vitest';
import { mustNotice } from '../../../test/support/planted-mistake.ts';
import type { Site } from '../view.ts';
import type { Cluster } from './cluster.ts';
import { powerLoss, powerOff, powerOn } from './power.ts';
import { type Setting, type Story, simulate } from './simulate.ts';
import { Ups } from './ups.ts';
import type { Bugs, World } from './world.ts';

// The last site with power goes on alone, and etcd shrinks and grows back (docs/going-alone.md).

vi.setConfig({ testTimeout: 600_000 });

const SEEDS = Number(process.env.SEEDS ?? 3);
const BASE = Number(process.env.BASE ?? 1);

test('power fails at one site after the other: the last one goes on with writes, and all is as before when they are back', () => {
  each((seed) => {
    const { broken, ackGapMs, story } = simulate(rolling(seed));
    expect(broken, `seed ${seed}`).toBeNull();
    expect(ackGapMs, `seed ${seed}`).toBeLessThan(12_000);
    expect(told(story, 'may be alone'), `seed ${seed}`).toHaveLength(1);
    expect(told(story, 'is not alone any more'), `seed ${seed}`).toHaveLength(1);
    expect(votersAtTheEnd(story), `seed ${seed}`).toHaveLength(3);
  });
});

test('switched off the same outage ends all writes until another site is back', () => {
  const { broken, ackGapMs, story } = simulate({ ...rolling(1), alone: false });
  expect(broken).toBeNull();
  expect(ackGapMs).toBeGreaterThan(60_000);
  expect(told(story, 'etcd:')).toEqual([]);
});

test('so with two sites and a witness, whichever two of the three go', () => {
  each((seed) => {
    const { broken, ackGapMs } = simulate({ ...rolling(seed), witness: true });
    expect(broken, `seed ${seed}`).toBeNull();
    expect(ackGapMs, `seed ${seed}`).toBeLessThan(30_000);
  });
});

test('the last one is lost, too: whoever returns first goes on without it neither with an etcd of before nor with a copy of before', () => {
  each((seed) => {
    const { broken, ackGapMs } = simulate(alone(seed, lastIsLost));
    expect(broken, `seed ${seed}`).toBeNull();
    expect(ackGapMs, `seed ${seed}`).toBeGreaterThan(40_000);
  });
});

test('a battery that lied: who has left lives on, and is taken in anew at once', () => {
  each((seed) => {
    const { broken, ackGapMs, story } = simulate(alone(seed, leaverStays));
    expect(broken, `seed ${seed}`).toBeNull();
    expect(ackGapMs, `seed ${seed}`).toBeLessThan(12_000);
    expect(votersAtTheEnd(story), `seed ${seed}`).toHaveLength(3);
  });
});

test('who leaves etcd and is lost in that moment takes no majority with it, since it has handed etcd’s lead over before', () => {
  const gaps = (bugs: Bugs) =>
    Array.from({ length: SEEDS }, (_, at) => {
      const { broken, ackGapMs } = simulate({ ...alone(BASE + at, leaverLostAtOnce), bugs });
      expect(broken, `seed ${BASE + at}`).toBeNull();
      return ackGapMs;
    });
  expect(Math.max(...gaps({}))).toBeLessThan(12_000);
  expect(Math.max(...gaps({ leavesAsEtcdsLeader: true }))).toBeGreaterThan(30_000);
});

test('whatever is lost in the seconds in which etcd shrinks, nobody elects another etcd, and nothing acknowledged is lost', () => {
  each((seed) => {
    expect(simulate(alone(seed, lostWhileItShrinks)).broken, `seed ${seed}`).toBeNull();
  });
});

test('whatever fails where a site may go on alone, nothing acknowledged is lost or doubled', () => {
  each((seed) => {
    const setting = { seed, alone: true, failsafe: seed % 2 === 0, thirdFence: seed % 3 === 0 };
    expect(simulate(setting).broken, `seed ${seed}`).toBeNull();
  });
});

test('outages and batteries drawn by the seed, of all sites, over and over', () => {
  each((seed) => {
    const { broken } = simulate({
      ...{ seed, alone: true, witness: seed % 3 === 0, faultsMs: 900_000 },
      faults: drawnOutages,
    });
    expect(broken, `seed ${seed}`).toBeNull();
  });
});

const MISTAKES: [mistake: string, bugs: Bugs, setting: (seed: number) => Setting][] = [
  [
    'who leaves were removed before its own member has heard that the other one is',
    { leavesBeforeItHeard: true },
    (seed) => alone(seed, lostWhileItShrinks),
  ],
];

for (const [mistake, bugs, setting] of MISTAKES)
  test(`the simulation would notice if ${mistake}`, () => mustNotice(bugs, setting));

function each(run: (seed: number) => void): void {
  for (let seed = BASE; seed < BASE + SEEDS; seed++) run(seed);
}

const told = (story: readonly string[], what: string): string[] =>
  story.filter((line) => line.includes(what));

const votersAtTheEnd = (story: readonly string[]): string[] =>
  /; (\S+) vote$/.exec(told(story, ' vote').at(-1) ?? '')?.[1]?.split(',') ?? [];

/** Others lose their power in turn, and have it back in one order or the other. */
function rolling(seed: number): Setting {
  return alone(seed, ({ world: { time, random }, others, upses }) => {
    for (const site of others)
      time.after(random.between(280_000, 340_000), () => upses.get(site)?.mains(true));
  });
}

interface Play {
  readonly world: World;
  readonly cluster: Cluster;
  /** Which leads, and stays on mains. */
  readonly active: Site;
  readonly others: readonly [first: Site, second: Site];
  readonly upses: ReadonlyMap<Site, Ups>;
}

/** Two of three lose the mains one after the other; then what the story wants. */
function alone(seed: number, then: (play: Play) => void): Setting {
  const faults: Story = (world, cluster, active) => {
    const { time, random, members, sites } = world;
    const upses = new Map(
      sites.map((site) => [site, new Ups(world, cluster, site, { lastsMs: 150_000 })]),
    );
    const [a, b] = members.filter((site) => site !== active) as [Site, Site];
    // A witness has no UPS that anybody asks, and ends as it is.
    const others: [Site, Site] = random.chance(0.5) && upses.has(a) ? [b, a] : [a, b];
    const [first, second] = upses.has(others[1]) ? others : (others.toReversed() as [Site, Site]);
    if (upses.has(first)) upses.get(first)!.mains(false);
    else powerLoss(world, cluster, first, 300_000);
    time.after(random.between(40_000, 60_000), () => upses.get(second)!.mains(false));
    then({ world, cluster, active, others: [first, second], upses });
  };
  return { seed, alone: true, witness: false, faultsMs: 420_000, faults };
}

/** Once the one that stays is alone, it loses its power for long; the others come back before. */
function lastIsLost({ world, cluster, active, others, upses }: Play): void {
  const { time, random } = world;
  time.after(220_000, () => powerOff(world, cluster, active));
  for (const site of others)
    time.after(random.between(230_000, 260_000), () => upses.get(site)!.mains(true));
  time.after(330_000, () => powerOn(world, cluster, active));
}

/** The mains are back at the second just when it has left etcd, before its machine goes down. */
function leaverStays({ world, cluster, others, upses }: Play): void {
  const { time } = world;
  const look = (): void => {
    const { members } = cluster.etcd.membership!.listFor(others[1]);
    if (members.length > 1) time.after(100, look);
    else upses.get(others[1])!.mains(true);
  };
  look();
  time.after(300_000, () => upses.get(others[0])!.mains(true));
}

/** Before the next heartbeat. */
function leaverLostAtOnce({ world, cluster, active, others, upses }: Play): void {
  const { time } = world;
  const look = (): void => {
    const { members } = cluster.etcd.membership!.listFor(active);
    if (members.length > 1) time.after(5, look);
    else powerLoss(world, cluster, others[1], 90_000);
  };
  look();
  for (const site of others) time.after(300_000, () => upses.get(site)!.mains(true));
}

/** At some moment around the removals the machines and the ways fail, and the first one is back at once. */
function lostWhileItShrinks({ world, cluster, active, others, upses }: Play): void {
  const { time, random, network } = world;
  const [first, second] = others;
  const membership = cluster.etcd.membership!;
  let shrinks = false;
  const look = (): void => {
    if (!shrinks && membership.listFor(active).members.length === 3) {
      time.after(5, look);
      return;
    }
    shrinks = true;
    time.after(random.between(0, random.chance(0.5) ? 300 : 6_000), () => {
      if (random.chance(0.7)) powerLoss(world, cluster, second, random.between(1_000, 5_000));
      upses.get(first)!.mains(true);
      upses.get(second)!.mains(true);
      powerOn(world, cluster, first);
      const cutMs = random.between(0, 2_500);
      time.after(cutMs, () => {
        if (random.chance(0.4)) powerLoss(world, cluster, active, random.between(5_000, 60_000));
        for (const [from, to] of [...pairs(active, first), ...pairs(active, second)]) {
          network.cut(from, to);
          time.after(random.between(10_000, 60_000), () => network.mend(from, to));
        }
      });
    });
  };
  look();
}

/** Each site for itself loses the mains for up to six minutes, has them for a while, and loses them again. */
const drawnOutages: Story = (world, cluster) => {
  const { time, random, sites } = world;
  for (const site of sites) {
    const ups = new Ups(world, cluster, site, { lastsMs: random.between(80_000, 1_500_000) });
    let at = random.between(0, 100_000);
    while (at < 600_000) {
      const backAt = at + random.between(5_000, 360_000);
      time.after(at, () => ups.mains(false));
      time.after(Math.min(backAt, 840_000), () => ups.mains(true));
      at = backAt + random.between(5_000, 200_000);
    }
  }
};

const pairs = (a: Site, b: Site): [Site, Site][] => [
  [a, b],
  [b, a],
];

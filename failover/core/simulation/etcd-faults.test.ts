import { expect, test, vi } from 'vitest';
import { mustNotice } from '../../../test/support/planted-mistake.ts';
import {
  etcdAway,
  etcdHidden,
  etcdHiddenAndLinksCut,
  etcdHiddenAndPatroniFrozen,
} from './etcd-faults.ts';
import { powerLoss } from './power.ts';
import { type Setting, type Story, simulate } from './simulate.ts';
import type { Bugs } from './world.ts';

// F20: etcd answers nobody, or the leader's site alone; and `failsafe` is switched on.

vi.setConfig({ testTimeout: 600_000 });

const SEEDS = Number(process.env.SEEDS ?? 20);
const BASE = Number(process.env.BASE ?? 1);
const FOR_MS = 39_000;

test('whatever fails with failsafe switched on, nothing acknowledged is lost or doubled, and all is well after mending', () => {
  for (let seed = BASE; seed < BASE + SEEDS; seed++)
    expect(simulate({ seed, failsafe: true }).broken, `seed ${seed}`).toBeNull();
}, 3_600_000);

test('switched off the same faults find nobody who goes on, and nothing lost', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const outcome = simulate({ seed, faults: calmly(etcdAway), faultsMs: 60_000 });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(outcome.ackGapMs, `seed ${seed}`).toBeGreaterThan(25_000);
  }
});

test.for([
  ['etcd is wholly away', etcdAway],
  ['the leader’s site alone does not reach etcd', etcdHidden],
] as const)(
  '%s: writes go on and the address stays where it is, as long as all sites are there',
  ([, fault]) => {
    for (const witness of [false, true])
      for (let seed = 1; seed <= 6; seed++) {
        const faults = calmly(fault);
        const outcome = simulate({ seed, witness, failsafe: true, faults, faultsMs: 60_000 });
        expect(outcome.broken, `seed ${seed}`).toBeNull();
        expect(outcome.ackGapMs, `seed ${seed}`).toBeLessThan(4_000);
        expect([outcome.terms, outcome.addressMovesByFaults], `seed ${seed}`).toEqual([1, 0]);
        expect(outcome.addressGapMs, `seed ${seed}`).toBeLessThan(1_000);
      }
  },
);

test('etcd is away and one site is lost: within seconds nobody is answered, and nothing is lost or doubled', () => {
  for (let seed = 1; seed <= 6; seed++) {
    const faults = calmly(awayAndOneLost);
    const outcome = simulate({ seed, failsafe: true, faults, faultsMs: 60_000 });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(outcome.ackGapMs, `seed ${seed}`).toBeGreaterThan(25_000);
  }
});

const awayAndOneLost: typeof etcdAway = (world, cluster, active, forMs) => {
  etcdAway(world, cluster, active, forMs);
  const other = world.sites.find((site) => site !== active)!;
  world.time.after(5_000, () => powerLoss(world, cluster, other, forMs));
};

/** With no message lost: of two in a row Patroni gives up, which is not the agents' doing. */
const calmly =
  (fault: typeof etcdAway): Story =>
  (world, cluster, active) => {
    world.network.lossRate = 0;
    fault(world, cluster, active, FOR_MS);
  };

/** The others could put somebody in its place, while it goes on without etcd. */
const during =
  (fault: typeof etcdAway) =>
  (seed: number): Setting => ({
    ...{ seed, witness: false, failsafe: true, faultsMs: 55_000 },
    faults: (world, cluster, active) => fault(world, cluster, active, FOR_MS),
  });

const linksCut = during(etcdHiddenAndLinksCut);
const patroniFrozen = during(etcdHiddenAndPatroniFrozen);
/** Of four messages one is lost or late, by up to three seconds. */
const messagesLate = during((world, cluster, active, forMs) => {
  world.network.lossRate = 0.25;
  etcdHiddenAndPatroniFrozen(world, cluster, active, forMs);
});

test('whoever goes on without etcd while the others could put somebody in its place loses nothing', () => {
  for (const setting of [linksCut, patroniFrozen, messagesLate])
    for (let seed = 1; seed <= 6; seed++)
      expect(simulate(setting(seed)).broken, `seed ${seed}`).toBeNull();
});

const MISTAKES: [mistake: string, bugs: Bugs, setting: typeof linksCut][] = [
  ['one site’s leave counted for all', { oneLeaveIsEnough: true }, linksCut],
  ['a promotion did not wait until a leave is over', { promotesDespiteLeave: true }, patroniFrozen],
  ['a leave counted from when it arrived', { leaveFromArrival: true }, messagesLate],
  [
    'who lets somebody go on took the lead or the address all the same',
    { leaveBindsNobody: true },
    linksCut,
  ],
  [
    "an agent gave leave while its own copy is being promoted (and beside another's leader key, which covers it)",
    { leaveWhilePromoting: true, leaveBesideKey: true },
    patroniFrozen,
  ],
];

for (const [mistake, bugs, setting] of MISTAKES)
  test(`the simulation would notice if ${mistake}`, () => mustNotice(bugs, setting));

import { expect, test, vi } from 'vitest';
import { allDisksStall, diskStallsAgainAndAgain, fillDisk, stallDisk } from './disk-faults.ts';
import { serverPaused } from './faults.ts';
import { powerLoss } from './power.ts';
import { type Story, simulate } from './simulate.ts';

/** They compute, and the machine may have other things to do. */
vi.setConfig({ testTimeout: 600_000 });

const SEEDS = 12;

test('a disk that stalls for a minute and a half costs seconds, be there three sites or two (F11)', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const faults: Story = (world, cluster, active) => stallDisk(world, cluster, active, 90_000);
    const outcome = simulate({ seed, faultsMs: 95_000, faults });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(outcome.ackGapMs, `seed ${seed}`).toBeLessThan(25_000);
    expect(outcome.terms, `seed ${seed}`).toBe(2);
  }
});

test('a site is lost beside one whose disk is stalled, which Patroni may elect: all goes on when it is back', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const faults: Story = (world, cluster, active) => {
      const other = world.random.pick(world.sites.filter((site) => site !== active));
      stallDisk(world, cluster, other, 120_000);
      world.time.after(8_000, () => powerLoss(world, cluster, active, 30_000));
    };
    const outcome = simulate({ seed, faultsMs: 125_000, faults, witness: false });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(outcome.ackGapMs, `seed ${seed}`).toBeLessThan(60_000);
  }
});

test('one that stalls for less than five seconds moves nobody', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const faults: Story = (world, cluster, active) => stallDisk(world, cluster, active, 4_000);
    const outcome = simulate({ seed, faultsMs: 20_000, faults });
    expect([outcome.broken, outcome.terms], `seed ${seed}`).toEqual([null, 1]);
  }
});

test('one that stalls again and again for ten minutes moves the lead a few times at most', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const faults: Story = (world, cluster, active) =>
      diskStallsAgainAndAgain(world, cluster, active, 600_000);
    const outcome = simulate({ seed, faultsMs: 600_000, faults });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(outcome.terms, `seed ${seed}`).toBeLessThanOrEqual(3);
  }
});

test('where all disks stall nobody moves to one that stalls too, and all goes on when they answer', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const faults: Story = (world, cluster, active) => allDisksStall(world, cluster, active, 40_000);
    const outcome = simulate({ seed, faultsMs: 60_000, faults });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(outcome.terms, `seed ${seed}`).toBeLessThanOrEqual(3);
  }
});

test('a disk that fills is left before it is full, and nothing falls (F12)', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const faults: Story = (world, cluster, active) =>
      fillDisk(world, cluster, active, { free: 0.08, fullAfterMs: 80_000, forMs: 110_000 });
    const outcome = simulate({ seed, faultsMs: 115_000, faults });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect([outcome.terms, outcome.ackGapMs < 10_000], `seed ${seed}`).toEqual([2, true]);
  }
});

test('where all disks fill alike nobody moves', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const faults: Story = (world, cluster) => {
      // Of two messages in a row that are lost Patroni gives up its key.
      world.network.lossRate = 0;
      for (const site of world.sites)
        fillDisk(world, cluster, site, { free: 0.06, fullAfterMs: 400_000, forMs: 200_000 });
    };
    const { broken, story } = simulate({ seed, faultsMs: 205_000, faults });
    // Then room is made everywhere at once, which one site may hear of a moment before another.
    const moved = story.filter(
      (line) => / stops for /.test(line) && Number.parseInt(line, 10) < 209_000,
    );
    expect([broken, moved], `seed ${seed}`).toEqual([null, []]);
  }
});

test('the simulation would notice if a site whose disk is stalled were taken for dead', () => {
  const faults: Story = (world, cluster, active) => {
    stallDisk(world, cluster, active, 30_000);
    world.time.after(4_500, () => serverPaused(world, cluster, active, 7_500));
  };
  const setting = (seed: number) => ({ seed, faults, faultsMs: 40_000, witness: false });
  const bugs = { stalledIsDead: true };
  let seed = 1;
  while (seed <= 300 && simulate({ ...setting(seed), bugs }).broken === null) seed++;
  expect(seed).toBeLessThanOrEqual(300);
  expect(simulate(setting(seed)).broken, `seed ${seed} without the mistake`).toBeNull();
});

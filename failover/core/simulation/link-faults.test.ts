import { expect, test, vi } from 'vitest';
import { cardSickAgainAndAgain, sickenCard } from './link-faults.ts';
import { type Story, simulate } from './simulate.ts';
import { primaryOf } from './store.ts';

/** They compute, and the machine may have other things to do. */
vi.setConfig({ testTimeout: 600_000 });

const SEEDS = 12;
const SICK = { loss: 0.1, forMs: 60_000 };

test('a network card that loses every tenth packet costs its site the lead, once, be there three sites or two and a witness (F10)', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    let ledAfterwards: string | null = null;
    let sick = '';
    const faults: Story = (world, cluster, active) => {
      sick = active;
      sickenCard(world, cluster, active, SICK);
      world.time.after(30_000, () => {
        ledAfterwards = primaryOf(cluster.etcd.store);
      });
    };
    const { broken, terms } = simulate({ seed, faultsMs: 65_000, faults });
    expect([broken, terms], `seed ${seed}`).toEqual([null, 2]);
    expect(ledAfterwards, `seed ${seed}`).not.toBe(sick);
  }
});

test('one at a standby moves nobody', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const faults: Story = (world, cluster, active) => {
      const other = world.random.pick(world.sites.filter((site) => site !== active));
      sickenCard(world, cluster, other, SICK);
    };
    const { broken, terms } = simulate({ seed, faultsMs: 65_000, faults });
    expect([broken, terms], `seed ${seed}`).toEqual([null, 1]);
  }
});

test('where all cards are sick nobody is better off, and nobody moves for it', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const faults: Story = (world, cluster) => {
      for (const site of world.members) sickenCard(world, cluster, site, SICK);
    };
    const { broken, story } = simulate({ seed, faultsMs: 65_000, faults });
    expect(broken, `seed ${seed}`).toBeNull();
    expect(
      story.filter((line) => line.includes('are lost or late')),
      `seed ${seed}`,
    ).toEqual([]);
  }
});

test('one that is sick again and again for ten minutes moves the lead a few times at most', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const faults: Story = (world, cluster, active) =>
      cardSickAgainAndAgain(world, cluster, active, 600_000);
    const outcome = simulate({ seed, faultsMs: 600_000, faults });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(outcome.terms, `seed ${seed}`).toBeLessThanOrEqual(3);
  }
});

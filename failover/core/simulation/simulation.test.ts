import { expect, test, vi } from 'vitest';
import { toldOf } from '../../../test/simulation/shortest-story.ts';
import type { ClockBehind } from '../view.ts';
import { type Story, simulate } from './simulate.ts';

/**
 * Three sites, or two and a witness, against modelled etcd, Patroni, PostgreSQL, servers, clocks and
 * network; every choice comes from the seed. SEEDS=100000 runs more of them, SEED=7 tells the story
 * of one.
 */
const SEEDS = Number(process.env.SEEDS ?? 1_000);
/** Where the seeds begin: another base, other stories. */
const BASE = Number(process.env.BASE ?? 1);
const ONE = process.env.SEED === undefined ? null : Number(process.env.SEED);
/** They compute, and the machine may have other things to do. */
vi.setConfig({ testTimeout: 600_000 });

test('whatever fails, nothing acknowledged is lost or doubled, and all is well after mending', () => {
  let acknowledged = 0;
  let terms = 0;
  for (let seed = ONE ?? BASE; seed <= (ONE ?? BASE + SEEDS - 1); seed++) {
    const outcome = simulate({ seed });
    if (ONE !== null) console.log(outcome.story.join('\n'));
    expect(toldOf({ seed }, outcome), `seed ${seed}`).toBeNull();
    acknowledged += outcome.acknowledged;
    terms += outcome.terms;
  }
  // It is no proof if nothing happened.
  expect(acknowledged).toBeGreaterThan(50 * (ONE === null ? SEEDS : 1));
  if (ONE === null) expect(terms).toBeGreaterThan(1.3 * SEEDS);
}, 3_600_000);

test('a cluster in which nothing fails stays as it is for ten minutes', () => {
  for (let seed = 1; seed <= 3; seed++) {
    const outcome = simulate({ seed, faults: () => {}, faultsMs: 600_000 });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(outcome.terms).toBe(1);
    expect(outcome.addressMoves).toBeLessThanOrEqual(2);
  }
});

test('whose wall clock is behind another’s knows it, and by how much (F19)', () => {
  for (let seed = 1; seed <= 5; seed++) {
    let behind: (ClockBehind | null | undefined)[] = [];
    const faults: Story = ({ time }, { etcd }) => {
      time.after(15_000, () => {
        const { sites } = etcd.store.view();
        behind = ['a', 'b', 'c'].map((site) => sites[site]?.report.clockBehind);
      });
    };
    expect(simulate({ seed, witness: false, faults, faultsMs: 20_000 }).broken).toBeNull();
    const [a, b, c] = behind;
    expect([a?.site, b?.site, c]).toEqual(['c', 'c', null]);
    expect(b?.byMs).toBeGreaterThan(3_599_800);
    expect(b?.byMs).toBeLessThanOrEqual(3_600_000);
  }
});

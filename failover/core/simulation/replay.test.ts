import { expect, test, vi } from 'vitest';
import { mustNotice } from '../../../test/support/planted-mistake.ts';
import { replaysFor } from './fence-faults.ts';
import { type Setting, simulate } from './simulate.ts';

vi.setConfig({ testTimeout: 600_000 });

const SEEDS = 30;

/** The third site received nothing for a while; so what was acknowledged then is at the one that begins anew, which replays for longer than Patroni's lease. */
const replaysLong = (seed: number): Setting => ({
  ...{ seed, witness: false, faultsMs: 70_000 },
  faults: (world, cluster, active) => {
    world.network.lossRate = 0;
    replaysFor(40_000, world, cluster, active, 60_000);
  },
});

test('who confirmed, begins anew and replays while the primary loses its power is waited for', () => {
  for (let seed = 1; seed <= SEEDS; seed++)
    expect(simulate(replaysLong(seed)).broken, `seed ${seed}`).toBeNull();
});

test('the simulation would notice if a copy that still replays had a vote', () =>
  mustNotice({ replayingVotes: true }, replaysLong));

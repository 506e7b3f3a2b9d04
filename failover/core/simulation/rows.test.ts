import { expect, test, vi } from 'vitest';
import type { Site } from '../view.ts';
import type { Cluster } from './cluster.ts';
import { standbysOf, strangerConfirms } from './late-tellings.ts';
import { powerLoss, powerOff, powerOn } from './power.ts';
import { type Outcome, type Story, simulate } from './simulate.ts';
import { once } from './stories.ts';
import type { World } from './world.ts';

// Rows of docs/faults.md that are a matter of several sites, told by all the models together.

/** They compute, and the machine may have other things to do. */
vi.setConfig({ testTimeout: 600_000 });

const FEW = 4;

test.for([
  ['the old leader, who follows, who lagged', 0, 1, 2],
  ['the old leader, who lagged, who follows', 0, 2, 1],
  ['who follows, the old leader, who lagged', 1, 0, 2],
  ['who follows, who lagged, the old leader', 1, 2, 0],
  ['who lagged, the old leader, who follows', 2, 0, 1],
  ['who lagged, who follows, the old leader', 2, 1, 0],
] as const)(
  'F3: all sites lose their power and return as %s: the first one leads nobody, and none leads that lacks anything',
  ([, ...order]) => {
    eachSeed((seed) => {
      let ledBySecond: readonly Site[] = [];
      const outcome = play(seed, 150_000, (world, cluster, active) => {
        const [one, other] = standbysOf(world, active);
        const sites = [active, one, other];
        const back = order.map((at) => sites[at]!);
        cluster.postgreses.get(other)!.stall(4_000);
        world.time.after(3_000, () => {
          for (const site of sites) powerOff(world, cluster, site);
        });
        back.forEach((site, at) => {
          world.time.after(20_000 + 30_000 * at, () => {
            if (at === 1) ledBySecond = primaries(cluster);
            powerOn(world, cluster, site);
          });
        });
      });
      expect([outcome.broken, ledBySecond], `seed ${seed}`).toEqual([null, []]);
      expect(outcome.ackGapMs, `seed ${seed}`).toBeLessThan(90_000);
    });
  },
);

test('F24: an old primary that has what nobody confirmed follows the next one when it is back, rewound or cloned', () => {
  eachSeed((seed) => {
    let follows: Site | null = null;
    let next: readonly Site[] = [];
    const outcome = play(seed, 120_000, (world, cluster, active) => {
      const copy = cluster.postgreses.get(active)!;
      for (const site of standbysOf(world, active)) cluster.postgreses.get(site)!.stall(1_500);
      copy.writeMore(1e7);
      world.time.after(700, () => powerLoss(world, cluster, active, 40_000));
      world.time.after(110_000, () => {
        [follows, next] = [copy.follows, primaries(cluster)];
      });
    });
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect([follows], `seed ${seed}`).toEqual(next);
  });
});

test('F26: what a base backup alone confirms is told to nobody', () => {
  eachSeed((seed) => {
    const outcome = play(seed, 60_000, once(strangerConfirms));
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(outcome.story.join('\n'), `seed ${seed}`).toMatch(/clones from/);
  });
});

test('F27: the source of a clone loses its power: the copy is cloned anew from whoever leads next', () => {
  eachSeed((seed) => {
    let cloned: Site = '';
    const outcome = play(seed, 120_000, (world, cluster, active) => {
      cloned = standbysOf(world, active)[1];
      cloneUntilUnnamed(world, cluster, cloned, () => powerLoss(world, cluster, active, 60_000));
    });
    const clones = outcome.story.filter((line) => line.includes(`patroni ${cloned} clones from`));
    expect(outcome.broken, `seed ${seed}`).toBeNull();
    expect(new Set(clones.map((line) => line.split(' ').at(-1))).size, `seed ${seed}`).toBe(2);
    expect(outcome.ackGapMs, `seed ${seed}`).toBeLessThan(50_000);
  });
});

const play = (seed: number, faultsMs: number, faults: Story): Outcome =>
  simulate({ seed, witness: false, faultsMs, faults });

function eachSeed(act: (seed: number) => void): void {
  for (let seed = 1; seed <= FEW; seed++) act(seed);
}

const primaries = ({ postgreses }: Cluster): Site[] =>
  [...postgreses.values()].filter(({ up, primary }) => up && primary).map(({ site }) => site);

/** Until then what was acknowledged may be with this copy alone, and nobody else is promoted. */
function cloneUntilUnnamed(world: World, cluster: Cluster, site: Site, then: () => void): void {
  const { sync } = cluster.etcd.store.view().patroni;
  cluster.patronis.get(site)!.reinitialize();
  if (sync?.standbys.includes(site) === false) world.time.after(300, then);
  else world.time.after(1_500, () => cloneUntilUnnamed(world, cluster, site, then));
}

import { expect, test } from 'vitest';
import { longestOf } from '../support/history/measure.ts';
import { switchover, untilWell } from './support/farol.ts';
import { everyTarget, underLoad } from './support/load.ts';
import { promised } from './support/promise.ts';
import { useCluster } from './support/use-cluster.ts';

const cluster = useCluster({ sites: '2+witness' });

test('two sites and a witness: a planned switchover under load fails no request', async () => {
  const active = await untilWell(cluster());
  const target = cluster().sites.find((site) => site !== active)!;
  const { measured, violations } = await underLoad(
    cluster(),
    { title: 'two sites, switchover' },
    async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      await switchover(active, target);
      await load.untilFlowing(everyTarget(cluster()));
    },
  );
  expect(violations).toEqual([]);
  expect(measured.failed).toEqual({});
  expect(longestOf(measured)).toBeLessThanOrEqual(promised(2_500));
});

test('two sites and a witness: the active site loses power, and returns', async () => {
  const active = await untilWell(cluster());
  const other = cluster().sites.find((site) => site !== active)!;
  const survived = await underLoad(cluster(), { title: 'two sites, power loss' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await active.powerOff();
    await load.untilFlowing([other.name, 'address']);
    await active.powerOn();
    await load.untilFlowing(everyTarget(cluster()), 90_000);
  });
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(other.name)).toEqual([]);
  expect(survived.frontsAfterMs).toBeLessThanOrEqual(promised(6_000));
  expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(30_000));
});

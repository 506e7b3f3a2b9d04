import { expect, test } from 'vitest';
import { BAD_VALUES, endingsIn, putBadly } from '../support/bad-values.ts';
import { statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// What somebody wrote into etcd by hand. A few at once: test/cluster/gate.test.ts.

const cluster = useCluster({ sites: 3 });

test.each([
  '/service/farol/config',
  '/service/farol/sync',
  '/service/farol/failover',
  '/service/farol/history',
  '/service/farol/failsafe',
  '/service/farol/status',
  '/service/farol/initialize',
  '/service/farol/members/a',
  '/service/farol/members/b',
  '/service/farol/leader',
  '/farol/farol/timelines',
  '/farol/farol/lease/leader',
  '/farol/farol/lease/address',
  '/farol/farol/site/a',
  '/farol/farol/site/b',
  '/farol/farol/machine/a',
  '/farol/farol/machine/b',
])('whatever is put into %s is named or mended, ends no program and loses nothing', async (key) => {
  await untilWell(cluster());
  const before = await endingsIn(cluster());
  const survived = await underLoad(cluster(), { title: `bad ${key}` }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await putBadly(cluster(), key);
    await load.untilFlowing(everyTarget(cluster()));
    await untilWell(cluster());
  });
  expect(survived.violations).toEqual([]);
  const after = await endingsIn(cluster());
  expect(after.others).toEqual(before.others);
  expect(after.servers - before.servers).toBeLessThanOrEqual(BAD_VALUES.length);
  for (const site of cluster().sites)
    await until(`${site.name} reads all keys`, async () => {
      return (await statusOf(site)).unreadable.length === 0;
    });
});

import { expect, test } from 'vitest';
import { serverHealth, statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// F20, as far as it goes: nothing is acknowledged without etcd, though the databases are well.

const cluster = useCluster({ sites: 3 });

test('etcd is wholly away: the writer acknowledges nothing past its deadline, clients are told 503 and never 502, and all goes on when it is back (F20)', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'etcd away' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await Promise.all(cluster().machines.map((site) => site.stop('etcd')));
    await until('it is said that nothing is known', async () => {
      const { writes, etcd } = await statusOf(active);
      return writes.kind === 'unknown' && etcd.every(({ answers }) => !answers);
    });
    await until('no server writes', async () => {
      const roles = await Promise.all(
        cluster().sites.map(async (site) => (await serverHealth(site).catch(() => null))?.role),
      );
      return roles.every((role) => role !== 'writer');
    });
    await Promise.all(cluster().machines.map((site) => site.start('etcd')));
    await load.untilFlowing(everyTarget(cluster()), 180_000);
    await untilWell(cluster());
  });
  expect(survived.violations).toEqual([]);
  expect(Object.keys(survived.measured.failed).filter((what) => / 50[024] /.test(what))).toEqual(
    [],
  );
});

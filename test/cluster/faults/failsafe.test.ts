import { expect, test } from 'vitest';
import { statusOf, untilWell } from '../support/farol.ts';
import { acknowledgedSince, everyTarget, underLoad } from '../support/load.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// F20, where `failsafe` is switched on: without etcd writes go on as long as every site with a copy lets the leader.

const cluster = useCluster({ sites: 3, failsafe: true });

test('etcd’s majority is stopped for 39 s: writes go on, through the address too (F20)', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(
    cluster(),
    { title: 'etcd away, all sites there' },
    async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      const stopped = cluster().machines.slice(0, 2);
      await Promise.all(stopped.map((site) => site.stop('etcd')));
      const since = performance.now();
      await until('it is said that writes go on without etcd', async () => {
        const { writes } = await statusOf(active);
        return writes.withoutEtcd === true;
      });
      // Patroni's key and every lease are over by then.
      await until('39 s are over', async () => performance.now() - since > 39_000);
      await load.untilFlowing(everyTarget(cluster()), 20_000);
      expect((await statusOf(active)).writes.withoutEtcd).toBe(true);
      await Promise.all(stopped.map((site) => site.start('etcd')));
      await until(
        'etcd answers again',
        async () => (await statusOf(active)).writes.withoutEtcd !== true,
      );
      await load.untilFlowing(everyTarget(cluster()), 60_000);
      await untilWell(cluster());
    },
  );
  expect(survived.violations).toEqual([]);
  expect(Object.keys(survived.measured.failed)).toEqual([]);
});

test('etcd is away and one site with it: nothing is acknowledged past the deadline, and why is said; clients are told 503 and never 502', async () => {
  const active = await untilWell(cluster());
  const lost = cluster().sites.find((site) => site !== active)!;
  const survived = await underLoad(
    cluster(),
    { title: 'etcd away, one site lost' },
    async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      await Promise.all(cluster().machines.map((site) => site.stop('etcd')));
      await lost.stop('agent', 'patroni', 'server', 'front');
      await until('it is said who keeps the leader from going on', async () => {
        const { writes, explanation } = await statusOf(active);
        return (
          writes.kind === 'unknown' &&
          explanation.leader.includes(`${lost.name} does not let it go on`)
        );
      });
      const since = performance.now();
      await until('a while has passed', async () => performance.now() - since > 10_000);
      expect(acknowledgedSince(load.history, since)).toEqual([]);
      await Promise.all(cluster().machines.map((site) => site.start('etcd')));
      await lost.start('agent', 'patroni', 'server', 'front');
      await load.untilFlowing(everyTarget(cluster()), 180_000);
      await untilWell(cluster());
    },
  );
  expect(survived.violations).toEqual([]);
  expect(Object.keys(survived.measured.failed).filter((what) => / 50[024] /.test(what))).toEqual(
    [],
  );
});

import { expect, test } from 'vitest';
import { statusOf, untilWell } from '../support/farol.ts';
import { acknowledgedSince, everyTarget, type Load, underLoad } from '../support/load.ts';
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
    await until('each agent tells of all sites what their agents say by themselves', async () => {
      const told = await Promise.all(cluster().sites.map(statusOf));
      return told.every(
        ({ sites, peers = [] }) =>
          sites.every(({ silentMs }) => silentMs < 4_000) &&
          peers.length === 2 &&
          peers.every(({ answers }) => answers),
      );
    });
    // A server that has nothing on its way stays the writer, and turns everybody away.
    await untilRefused(load);
    const since = performance.now();
    await untilRefused(load);
    expect(acknowledgedSince(load.history, since)).toEqual([]);
    await Promise.all(cluster().machines.map((site) => site.start('etcd')));
    await load.untilFlowing(everyTarget(cluster()), 180_000);
    await untilWell(cluster());
  });
  expect(survived.violations).toEqual([]);
  expect(Object.keys(survived.measured.failed).filter((what) => / 50[024] /.test(what))).toEqual(
    [],
  );
});

/** Whoever sends now is told 503, through every front. */
async function untilRefused({ history }: Load): Promise<void> {
  const from = performance.now();
  await until('writes are refused through every front', async () =>
    cluster().sites.every(({ name }) =>
      history.attempts.some(
        ({ what, through, sentAt, outcome }) =>
          what === 'send' &&
          through === name &&
          sentAt > from &&
          outcome.kind === 'answered' &&
          outcome.status === 503,
      ),
    ),
  );
}

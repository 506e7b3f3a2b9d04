import { expect, test } from 'vitest';
import { putKey } from '../support/etcd.ts';
import { promotedOf, untilReplicated } from '../support/patroni.ts';
import { allAreFailsafe, freezeOncePromoted, writeUnseen } from '../support/promotion.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// Patroni and PostgreSQL alone: why the writer answers only behind the gate (D3.4, F34). If this fails, Patroni
// has learnt better.

const cluster = useCluster({ sites: 3, units: ['etcd', 'patroni'] });

test('a site with more of a dead timeline is elected with the vote of one that follows the newer, and what was confirmed there is gone', async () => {
  const old = await untilReplicated(cluster());
  await writeUnseen(old);
  await old.powerOff();
  const others = cluster().sites.filter((site) => site !== old);
  const next = await freezeOncePromoted(others);
  await next.must(['psql', '-Xqc', 'CREATE TABLE confirmed AS SELECT 1'], 'postgres');
  await putKey(cluster(), next, allAreFailsafe(cluster()));
  await next.powerOff();
  await old.powerOn();
  await until('the old site leads', () => promotedOf([old]));
  const [row] = await old.sql<{ there: boolean }>(
    `SELECT to_regclass('confirmed') IS NOT NULL AS there`,
    'postgres',
  );
  expect(row).toEqual({ there: false });
});

import { expect, test } from 'vitest';
import { statusAt, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import { configure, untilReplicated } from '../support/patroni.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// F13.

const cluster = useCluster({ sites: 3 });

test('of a site that is away status says when it will have to be cloned anew; no more of the log is kept for it than may be, and it is cloned by itself', async () => {
  const active = await untilWell(cluster());
  const [lost, other] = cluster().sites.filter((site) => site !== active) as [Site, Site];
  const survived = await underLoad(cluster(), { title: 'away for long' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    await configure(cluster(), active, keeps('64MB', '16MB'));
    load.strike();
    await lost.powerOff();
    await until('status says when', async () => {
      const { said } = await statusAt(other);
      return new RegExp(`${lost.name} must be cloned anew in about \\d+ (s|min|h)`).test(said);
    });
    await until('what it lacks is kept no longer', () => writeUntilGone(active, lost));
    await until('status says so', async () => {
      const { said } = await statusAt(other);
      return said.includes(`NO LONGER KEPT for it: ${lost.name} must be cloned anew`);
    });
    await lost.powerOn();
    await load.untilFlowing(everyTarget(cluster()));
    await untilReplicated(cluster(), CLONED_WITHIN_MS);
    expect(await lost.log('agent')).toContain('"msg":"reinitialize"');
  });
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(active.name, other.name)).toEqual([]);
});

/** A copy that gets no further is called stuck after a minute. */
const CLONED_WITHIN_MS = 400_000;

const keeps = (max_slot_wal_keep_size: string, wal_keep_size: string) => ({
  postgresql: { parameters: { max_slot_wal_keep_size, wal_keep_size } },
});

/** A checkpoint is when PostgreSQL gives up what it kept for a slot. */
async function writeUntilGone(primary: Site, lost: Site): Promise<boolean> {
  await primary.must(['psql', '-Xqc', WRITE_MUCH, '-c', 'CHECKPOINT'], 'postgres');
  const [slot] = await primary.sql<{ wal_status: string }>(
    `SELECT wal_status FROM pg_replication_slots WHERE slot_name = '${lost.name}'`,
    'postgres',
  );
  return slot === undefined || slot.wal_status === 'lost';
}

const WRITE_MUCH = `CREATE TABLE IF NOT EXISTS much (text text);
  INSERT INTO much SELECT repeat(md5(n::text), 30) FROM generate_series(1, 30000) n`;

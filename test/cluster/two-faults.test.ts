import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { statusAt, untilWell, writerSeenBy } from './support/farol.ts';
import { acknowledgedSince, everyTarget, type Load, underLoad } from './support/load.ts';
import { promised } from './support/promise.ts';
import { beginClone, untilBackupHas, untilNobodyIsNamed } from './support/promotion.ts';
import type { Site } from './support/site.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

// Two faults in a row, the second while the first is being mended. More of them are in faults/.

const cluster = useCluster({ sites: 3 });

test('the new active site loses its power while the old one comes back: writes go on as after one loss, and nothing is lost', async () => {
  const first = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'second power loss' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    await first.powerOff();
    const [one, other] = othersThan(first);
    await load.untilFlowing([one.name, other.name, 'address']);
    const second = await until('it knows the writer', () => writerSeenBy(cluster(), one));
    const third = second === one ? other : one;
    await first.powerOn();
    await sleep(REWINDING_MS);
    load.strike();
    await second.powerOff();
    await load.untilFlowing([third.name, 'address']);
    await second.powerOn();
    await load.untilFlowing(everyTarget(cluster()));
  });
  expect(survived.violations).toEqual([]);
  expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(WRITES_WITHIN_MS));
});

test('both standbys are lost and one is cloned anew: nothing is acknowledged before it follows, and status says that writes wait', async () => {
  const primary = await untilWell(cluster());
  const standbys = othersThan(primary);
  const survived = await underLoad(cluster(), { title: 'clone, no standby' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await Promise.all(standbys.map((site) => site.stop('patroni')));
    await untilNobodyIsNamed(primary);
    const clone = await beginClone(standbys[0]);
    await expectNoAcknowledgement(load, primary);
    await until('status says for what writes wait', async () => {
      const { code, said } = await statusAt(primary);
      return code === 4 && said.includes('WRITES WAIT for a standby');
    });
    await clone.goOn();
    await load.untilFlowing(everyTarget(cluster()));
    await standbys[1].start('patroni');
    await untilWell(cluster());
  });
  expect(survived.violations).toEqual([]);
});

/** The old site's Patroni has found the new primary by then, and rewinds its PostgreSQL from there. */
const REWINDING_MS = 3_000;
const WRITES_WITHIN_MS = 30_000;

/**
 * The standbys have ended by then, and only the backup could confirm anything: until it has the log up
 * to now. The agent may have closed the gate before they ended, so that no batch needs to be waiting.
 */
async function expectNoAcknowledgement(load: Load, primary: Site): Promise<void> {
  await until('writes wait', async () => (await statusAt(primary)).code === 4);
  const from = performance.now();
  const [row] = await primary.sql<{ lsn: string }>(
    'SELECT pg_current_wal_flush_lsn() AS lsn',
    'postgres',
  );
  await untilBackupHas(primary, row!.lsn);
  expect(acknowledgedSince(load.history, from)).toEqual([]);
}

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}

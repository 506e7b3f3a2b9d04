import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { untilBatchWaits } from './support/batches.ts';
import { putKey } from './support/etcd.ts';
import { statusAt, untilWell } from './support/farol.ts';
import { acknowledgedSince, everyTarget, underLoad } from './support/load.ts';
import { primaryOf, untilReplicated } from './support/patroni.ts';
import {
  allAreFailsafe,
  freezeOncePromoted,
  untilNobodyIsNamed,
  writeUnseen,
} from './support/promotion.ts';
import type { Site } from './support/site.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

// What PostgreSQL takes and the writer must acknowledge to nobody (D3.2, D3.4).

const cluster = useCluster({ sites: 3 });

test('standbys go on following when Patroni no longer names them: what they confirm is acknowledged to nobody', async () => {
  const primary = await untilWell(cluster());
  const standbys = othersThan(primary);
  const survived = await underLoad(cluster(), { title: 'nobody is named' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    for (const site of standbys) await site.signal('STOP', 'patroni');
    await untilNobodyIsNamed(primary);
    await until('its agent has heard of it', async () => (await statusAt(primary)).code === 4);
    const from = performance.now();
    expect(await committedAlone(primary)).toBe(0);
    expect(acknowledgedSince(load.history, from)).toEqual([]);
    for (const site of standbys) await site.signal('CONT', 'patroni');
    await load.untilFlowing(everyTarget(cluster()), 120_000);
  });
  expect(survived.violations).toEqual([]);
});

test('the new primary dies before Patroni has said that it leads, and the old one returns with more of a dead timeline: nothing acknowledged is lost', async () => {
  const old = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'unnamed primary' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await writeUnseen(old);
    await untilBatchWaits(old);
    await old.powerOff();
    const next = await freezeOncePromoted(othersThan(old));
    await putKey(cluster(), next, allAreFailsafe(cluster()));
    // Whatever is acknowledged from here on, the returning site does not have.
    await sleep(WRONG_ANSWER_MS);
    await next.powerOff();
    await old.powerOn();
    await until('the old site leads', async () => (await primaryOf(cluster())) === old, 120_000);
    await next.powerOn();
    // Both have a timeline of this number, and Patroni takes the one for the other: our agents clone them anew.
    await load.untilFlowing(everyTarget(cluster()), 240_000);
    await untilReplicated(cluster(), 120_000);
  });
  expect(survived.violations).toEqual([]);
});

/** What the agent has been told of Patroni counts for 2.5 s more, and a takeover takes less than one. */
const WRONG_ANSWER_MS = 5_000;

/** PostgreSQL takes a commit, since whoever follows confirms it; and the writer's would be taken before. */
async function committedAlone(primary: Site): Promise<number> {
  const sql = 'CREATE TABLE IF NOT EXISTS probe (at timestamptz); INSERT INTO probe VALUES (now())';
  return (await primary.run(['psql', '-Xqc', sql], 'postgres')).code;
}

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}

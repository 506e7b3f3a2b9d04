import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { endingsIn, putBadly } from './support/bad-values.ts';
import { untilBatchWaits } from './support/batches.ts';
import { putKey } from './support/etcd.ts';
import { statusAt, untilItStays, untilWell } from './support/farol.ts';
import { acknowledgedSince, everyTarget, underLoad } from './support/load.ts';
import { configure, pause, promotedOf, untilReplicated } from './support/patroni.ts';
import {
  allAreFailsafe,
  freezeOncePromoted,
  handBackUnasked,
  overtake,
  timelineOf,
  untilCopyIsKept,
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
    await load.untilFlowing(everyTarget(cluster()));
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
    await until('the old site leads', () => promotedOf([old]));
    await next.powerOn();
    // Their timelines have different numbers, so that Patroni sees what has to be rewound.
    await load.untilFlowing(everyTarget(cluster()));
    await untilReplicated(cluster());
  });
  expect(survived.violations).toEqual([]);
});

test('two sites are promoted in turn from copies that never met: their timelines have different numbers, and nothing acknowledged is lost', async () => {
  const old = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'promoted apart' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await old.powerOff();
    const others = othersThan(old);
    for (const site of others) await site.blockReplication();
    const first = await freezeOncePromoted(others);
    await first.must(['psql', '-Xqc', WRITE_MUCH], 'postgres');
    const unseen = await timelineOf(first);
    await putKey(cluster(), first, allAreFailsafe(cluster()));
    await first.powerOff();
    const third = others.find((site) => site !== first)!;
    await third.allowReplication();
    await old.powerOn();
    const second = await until('another leads', () => promotedOf([old, third]));
    expect(await timelineOf(second)).toBeGreaterThan(unseen);
    await load.untilFlowing(targetsAt(old, third));
    await second.powerOff();
    await first.powerOn();
    await load.untilFlowing(targetsAt(first, second === old ? third : old));
    await second.powerOn();
    await load.untilFlowing(everyTarget(cluster()));
    await untilReplicated(cluster());
  });
  expect(survived.violations).toEqual([]);
});

test('Patroni is paused between two losses, so that a primary on an old timeline takes the lead: it is deposed, and nothing acknowledged is lost', async () => {
  const old = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'unasked primary' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await overtake(cluster(), old);
    await pause(cluster(), othersThan(old));
    const primary = await untilItStays(cluster(), othersThan(old));
    const third = othersThan(old).find((site) => site !== primary)!;
    await load.untilFlowing(targetsAt(primary, third));
    await handBackUnasked(cluster(), { primary, old, third });
    await untilCopyIsKept(third);
    await configure(cluster(), third, { pause: null });
    await load.untilFlowing(targetsAt(old, third));
    await primary.powerOn();
    await load.untilFlowing(everyTarget(cluster()));
    await untilReplicated(cluster());
  });
  expect(survived.violations).toEqual([]);
});

test('bad values in keys of Patroni and of Farol end no program, are named or mended, and lose nothing', async () => {
  await untilWell(cluster());
  const before = await endingsIn(cluster());
  const survived = await underLoad(cluster(), { title: 'bad values' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await putBadly(cluster(), '/service/farol/sync', ['', 'a:b']);
    await putBadly(cluster(), '/service/farol/history', ['{}']);
    await putBadly(cluster(), '/farol/farol/site/b', ['{}', '']);
    await putBadly(cluster(), '/farol/farol/lease/address', ['[]']);
    await load.untilFlowing(everyTarget(cluster()));
    await untilWell(cluster());
  });
  expect(survived.violations).toEqual([]);
  const after = await endingsIn(cluster());
  expect(after.others).toEqual(before.others);
  // Once as each of the six is put there, and once as it is mended.
  expect(after.servers - before.servers).toBeLessThanOrEqual(12);
});

/** As much as makes its position the highest; nobody is there to confirm it. */
const WRITE_MUCH = `SET synchronous_commit = local;
  CREATE TABLE unseen AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 30000) n`;

const targetsAt = (...sites: Site[]) => sites.map(({ name }) => name);

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

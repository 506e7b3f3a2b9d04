import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { violationsIn } from '../support/history/check-history.ts';
import { History, succeeded } from '../support/history/history.ts';
import { RecordingClient } from '../support/history/recording-client.ts';
import { untilBatchWaits } from './support/batches.ts';
import { serverHealth, untilWell } from './support/farol.ts';
import { everyTarget, storedMessages, targetsOf, underLoad } from './support/load.ts';
import type { Site } from './support/site.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

// Schedules that broke earlier drafts of the design. Each fails when its remedy is taken out; what was
// taken out, and how it failed, is in test/cluster/README.md.

const cluster = useCluster({ sites: 3 });

test('the writer is killed while a batch waits for its standby, and the requests are repeated: none takes effect twice', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'kill in a wait' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await active.blockReplication();
    await untilBatchWaits(active);
    await active.signal('KILL', 'server');
    await untilTakingOver(active);
    await active.allowReplication();
    await load.untilFlowing(everyTarget(cluster()));
  });
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...othersThan(active))).toEqual([]);
});

test('the postmaster is killed with a row that no standby has, the requests are repeated, the site is lost: nothing acknowledged is', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'unconfirmed row' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await active.blockReplication();
    await untilBatchWaits(active);
    await active.killPostmaster();
    await until('PostgreSQL is there again', () => active.sql('SELECT 1'));
    // Its next look would find no standby and take all of them off /sync: then nobody may follow it.
    await active.signal('STOP', 'patroni');
    // The row is visible now, and its sender asks again: time for the wrong answer, if one is given.
    await untilTakingOver(active);
    await sleep(WRONG_ANSWER_MS);
    await active.powerOff();
    await load.untilFlowing([...othersThan(active), 'address']);
    await active.powerOn();
    await load.untilFlowing(everyTarget(cluster()), 90_000);
  });
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...othersThan(active))).toEqual([]);
});

test('a takeover behind an open transaction of a frozen writer ends that transaction', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'frozen transaction' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    const frozen = holdTheRow(active);
    await active.signal('KILL', 'server');
    await load.untilFlowing(everyTarget(cluster()));
    expect(await frozen).toContain('terminating connection');
  });
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...othersThan(active))).toEqual([]);
});

test('Patroni and the agent frozen beside a living PostgreSQL and server, which a third site still follows: the old writer acknowledges nothing once another site is the primary', async () => {
  const active = await untilWell(cluster());
  const others = cluster().sites.filter((site) => site !== active);
  const survived = await underLoad(cluster(), { title: 'frozen Patroni' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    for (const site of others) await site.keepFollowing();
    load.strike();
    await active.signal('STOP', 'patroni', 'agent');
    await until('another site is the primary', async () => {
      const primaries = await Promise.all(others.map(isPrimary));
      return primaries.includes(true);
    });
    // What the old writer acknowledged from here on, confirmed by the third site alone, would be lost.
    await sleep(TWO_PRIMARIES_MS);
    await Promise.all(others.map((site) => site.followAgain()));
    await load.untilFlowing([...othersThan(active), 'address']);
    await active.signal('CONT', 'patroni', 'agent');
    await load.untilFlowing(everyTarget(cluster()), 90_000);
  });
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...othersThan(active))).toEqual([]);
});

test('the same request through two fronts at once takes effect once, and both are told the same event', async () => {
  await untilWell(cluster());
  const history = new History();
  const [first, second] = targetsOf(cluster()).filter(({ through }) => through !== 'address');
  const client = new RecordingClient('twofronts', first!, history);
  await client.register();
  const twin = client.twin(second!);
  const room = await client.createRoom();
  for (let count = 0; count < 100; count++) {
    const request = client.nextRequest();
    await Promise.all([client.send(room, request), twin.send(room, request)]);
    expect(history.attempts.filter((attempt) => !succeeded(attempt))).toEqual([]);
  }
  await Promise.all([client.close(), twin.close()]);
  const stored = await storedMessages(cluster(), client.name);
  expect(violationsIn(history, stored)).toEqual([]);
  expect(stored).toHaveLength(100);
});

/** A front that lost two attempts asks again after 2 s; the frozen Patroni keeps its key for longer. */
const WRONG_ANSWER_MS = 5_000;

/** Patroni of the third site rewinds it after about 2 s. */
const TWO_PRIMARIES_MS = 1_000;

/** Begun, and perhaps done: a takeover that should wait is what some of these tests are about. */
async function untilTakingOver(site: Site) {
  await until(`the server of ${site.name} takes over`, async () => {
    return ['taking-over', 'writer'].includes((await serverHealth(site)).role);
  });
}

async function isPrimary(site: Site): Promise<boolean> {
  const [row] = await site.sql<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  return row!.standby === false;
}

/** A transaction as a writer that froze in the middle of one leaves it; resolves with how it ended. */
async function holdTheRow(site: Site): Promise<string> {
  const sql = 'BEGIN; SELECT 1 FROM log_head FOR UPDATE; SELECT pg_sleep(600)';
  const command = ['env', 'PGAPPNAME=farol-writer', 'psql', '-Xd', 'farol', '-c', sql];
  const { stderr } = await site.run(command, 'farol');
  return stderr;
}

const othersThan = (site: Site) =>
  cluster()
    .sites.filter((each) => each !== site)
    .map(({ name }) => name);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { memoryOrDisk } from '../../test/support/folder.ts';
import { streamingStranger } from '../../test/support/streaming-stranger.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { type EmbeddedPostgres, startEmbedded } from '../storage/embedded/embedded-postgres.ts';
import { migrate } from '../storage/migrate.ts';
import { Deadline } from './deadline.ts';
import { OutcomeUnknown } from './log.ts';
import { InRecovery, takeOver } from './takeover.ts';
import type { Writer } from './writer.ts';

/**
 * Commits that wait for a standby which does not answer: the schedules of docs/faults.md. The setting is
 * the whole server's, so these have a PostgreSQL of their own.
 */
let postgres: EmbeddedPostgres;
const folder = mkdtempSync(join(memoryOrDisk(), 'farol-standby-'));

beforeAll(async () => {
  postgres = await startEmbedded({ folder: join(folder, 'db'), settings: { fsync: 'off' } });
  await migrate(postgres.url);
});
beforeEach(async () => {
  await standbyAnswers(true);
  await sql('TRUNCATE log, epoch; UPDATE log_head SET epoch = 0, position = 0');
});
afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a commit resolves only when its standby has it', async () => {
  const { writer } = await start();
  await standbyAnswers(false);
  let resolved = false;
  const written = write(writer).then(() => {
    resolved = true;
  });
  await untilWaitingForStandby(1);
  expect(resolved).toBe(false);
  await standbyAnswers(true);
  await written;
  expect(writer.committed.position).toBe(1);
});

// Schedule 1. Without ending the old backend first, its batch became visible after the repeat had run.
test('what a killed writer left waiting is there before its successor looks anything up', async () => {
  const old = await start();
  await standbyAnswers(false);
  const lost = expect(write(old.writer)).rejects.toThrow(OutcomeUnknown);
  await untilWaitingForStandby(1);
  const takeover = start();
  await lost;
  await standbyAnswers(true);
  const { writer } = await takeover;
  expect(writer.committed).toEqual({ epoch: 2, position: 1 });
  expect((await sql('SELECT position FROM log')).rows).toEqual([{ position: '1' }]);
});

// Schedule 2. A visible row that no standby has must not be answered from: the site may die yet.
test('a takeover is not done before the standby has confirmed it, and with it all that was before', async () => {
  await standbyAnswers(false);
  let done = false;
  const takeover = start().then((started) => {
    done = true;
    return started;
  });
  await untilWaitingForStandby(1);
  expect(done).toBe(false);
  await standbyAnswers(true);
  expect((await takeover).writer.epoch).toBe(1);
});

test('a takeover whose wait for the standby was cancelled is none', async () => {
  await standbyAnswers(false);
  const refused = expect(start()).rejects.toThrow('the wait for the standbys was cancelled');
  await untilWaitingForStandby(1);
  await sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
  await refused;
});

// Schedule 3.
test('a takeover behind a batch that waits for its standby ends that batch and goes on', async () => {
  const old = await start();
  await standbyAnswers(false);
  const lost = expect(write(old.writer)).rejects.toThrow(OutcomeUnknown);
  await untilWaitingForStandby(1);
  const takeover = start();
  await lost;
  await untilWaitingForStandby(1);
  await standbyAnswers(true);
  expect((await takeover).writer.epoch).toBe(2);
});

test.each([
  ['as databases are', ''],
  ['where warnings are kept from clients', 'client_min_messages = error'],
])(
  'a cancelled wait for the standby is no acknowledgement, %s: the writer ends',
  async (_, set) => {
    if (set) await sql(`ALTER DATABASE postgres SET ${set}`);
    onTestFinished(async () => void (await sql('ALTER DATABASE postgres RESET ALL')));
    const { writer, ended } = await start();
    await standbyAnswers(false);
    const written = expect(write(writer)).rejects.toThrow(OutcomeUnknown);
    await untilWaitingForStandby(1);
    await sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    await written;
    expect(ended.map((error) => error.message)).toEqual([
      'the wait for the standbys was cancelled',
    ]);
  },
);

// Where Patroni has no standby left it has PostgreSQL wait for anybody, of which the agent hears a moment later (F26).
test('what a stranger alone confirmed is told nobody until the agent has spoken again and who may confirm is named', async () => {
  const deadline = new Deadline(10, () => 0);
  const { writer } = await start(deadline);
  const batches: number[] = [];
  writer.onBatch(({ changes }) => void batches.push(changes));
  await write(writer);
  await standbyAnswers(false);
  let isTold = false;
  const written = write(writer).then(() => {
    isTold = true;
  });
  await untilWaitingForStandby(1);
  await using _ = await streamingStranger(postgres.url);
  await confirmedBy('*');
  await expect.poll(() => batches).toEqual([1, 1]);
  expect([isTold, writer.mayAnswer()]).toEqual([false, false]);
  for (let count = 0; count < 2; count++) deadline.renew(10);
  // An empty commit, which the stranger has confirmed as well.
  await expect.poll(() => batches).toEqual([1, 1, 0]);
  expect([isTold, writer.mayAnswer(), writer.committed.position]).toEqual([false, false, 1]);
  await confirmedBy('');
  for (let count = 0; count < 2; count++) deadline.renew(10);
  await written;
  expect([writer.mayAnswer(), writer.committed.position]).toEqual([true, 2]);
});

test('where PostgreSQL is a standby nobody becomes the writer, and nothing is touched', async () => {
  const db = join(folder, 'standby');
  const primary = await startEmbedded({ folder: db, settings: { fsync: 'off' } });
  await primary.stop();
  writeFileSync(join(db, 'standby.signal'), '', { mode: 0o666 });
  const standby = await startEmbedded({ folder: db, settings: { fsync: 'off' } });
  onTestFinished(() => standby.stop());
  let touched = false;
  const attempt = takeOver({
    url: standby.url,
    leaderRevision: '0',
    deadline: Deadline.none(),
    onEnd: () => {},
    migrate: async () => {
      touched = true;
    },
  });
  await expect(attempt).rejects.toThrow(InRecovery);
  expect(touched).toBe(false);
});

async function start(deadline = Deadline.none()) {
  const ended: Error[] = [];
  const writer = await takeOver({
    url: postgres.url,
    leaderRevision: '0',
    deadline,
    epochStep: () => 1,
    onEnd: (reason) => ended.push(reason),
  });
  onTestFinished(() => writer.close());
  return { writer, ended };
}

const write = (writer: Writer) =>
  writer.commit((position) => ({
    change: {
      rows: [],
      touches: [],
      records: [
        { position: position(), record: { kind: 'device-list', userId: '@a:b' as UserId } },
      ],
    },
    value: undefined,
  }));

/** Sessions of the test itself never wait for the standby. */
async function sql(text: string) {
  const client = new pg.Client({
    connectionString: postgres.url,
    options: '-c synchronous_commit=local',
  });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

async function standbyAnswers(answers: boolean) {
  await confirmedBy(answers ? '' : 'one_that_is_away');
  if (!answers) while (!(await commitWaits()));
}

async function confirmedBy(names: string) {
  await sql(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
  await sql('SELECT pg_reload_conf()');
  await expect
    .poll(async () => (await sql('SHOW synchronous_standby_names')).rows[0])
    .toEqual({ synchronous_standby_names: names });
}

/** New sessions show a setting before commits go by it: the checkpointer tells them, when it has read it. */
async function commitWaits(): Promise<boolean> {
  const probe = new pg.Client({ connectionString: postgres.url, application_name: 'probe' });
  await probe.connect();
  const isThrough = probe.query("SELECT pg_logical_emit_message(true, 'probe', '')").then(
    () => true,
    () => true,
  );
  const looks = async () => {
    const waiting = `pid FROM pg_stat_activity
      WHERE application_name = 'probe' AND wait_event = 'SyncRep'`;
    while ((await sql(`SELECT ${waiting}`)).rowCount === 0)
      if (await Promise.race([isThrough, Promise.resolve(false)])) return false;
    await sql(`SELECT pg_cancel_backend(pid), ${waiting}`);
    return true;
  };
  const waited = await looks();
  await isThrough;
  await probe.end();
  return waited;
}

const untilWaitingForStandby = (count: number) =>
  expect
    .poll(
      async () =>
        (await sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")).rowCount,
    )
    .toBe(count);

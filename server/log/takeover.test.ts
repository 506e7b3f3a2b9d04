import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { MIGRATIONS, migrate, migrationOf } from '../storage/migrate.ts';
import { Deadline } from './deadline.ts';
import { NotWriter } from './log.ts';
import { type TakeoverOptions, takeOver } from './takeover.ts';
import type { Writer } from './writer.ts';

test('each start of a writer is an epoch of its own, which remembers where the last one ended', async () => {
  await using fresh = await freshDatabase();
  const first = await start(fresh.url);
  await write(first.writer);
  await first.writer.close();
  const second = await start(fresh.url);
  expect(second.writer.committed).toEqual({ epoch: first.writer.epoch + 1, position: 1 });
  const epochs = await fresh.database.query(
    't',
    'SELECT epoch, begins_after FROM epoch ORDER BY 1',
  );
  expect(epochs).toEqual([
    { epoch: first.writer.epoch, begins_after: 0 },
    { epoch: second.writer.epoch, begins_after: 1 },
  ]);
  await second.writer.close();
});

test('the epoch is at least the revision of the leader key, and grows if etcd was rebuilt', async () => {
  await using fresh = await freshDatabase();
  const first = await start(fresh.url, '4007');
  expect(first.writer.epoch).toBe(4007);
  await first.writer.close();
  const afterRebuild = await start(fresh.url, '12');
  expect(afterRebuild.writer.epoch).toBe(4008);
  await afterRebuild.writer.close();
});

// After a restore the row stands where it stood before, and so do the revisions of an etcd that was rebuilt.
test.each(['0', '12'])(
  'two timelines of one backup have no epoch in common (leader key %s)',
  async (revision) => {
    await using fresh = await freshDatabase();
    const epochs = new Set<number>();
    for (let timeline = 0; timeline < 3; timeline++) {
      await fresh.database.query('restore', 'UPDATE log_head SET epoch = 4007');
      const { writer } = await takenOver(fresh.url, { leaderRevision: revision });
      expect(writer.epoch).toBeGreaterThan(4007);
      epochs.add(writer.epoch);
      await writer.close();
    }
    expect(epochs.size).toBe(3);
  },
);

test('the schema is changed only when no earlier writer or migration has a session', async () => {
  await using fresh = await freshDatabase();
  for (const application of ['farol-writer', 'farol-migration']) {
    const frozen = await session(fresh.url, application);
    await frozen.query('BEGIN; LOCK TABLE log IN ACCESS SHARE MODE');
  }
  const change = migrationOf('9000-x.sql', 'ALTER TABLE log ADD COLUMN more text');
  const { writer } = await takenOver(fresh.url, {
    migrate: () => migrate(fresh.url, [...MIGRATIONS, change]),
  });
  await write(writer);
  await writer.close();
});

// PostgreSQL warns so where a session that was to be ended had ended by itself a moment before.
test('a warning on the way to the new epoch is not taken for a wait that was cancelled', async () => {
  await using fresh = await freshDatabase();
  await (await start(fresh.url)).writer.close();
  const admin = await session(fresh.url, 'admin');
  await admin.query(
    `CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE WARNING 'PID 1 is not a PostgreSQL server process'; RETURN new; END $$;
     CREATE TRIGGER warns BEFORE INSERT ON epoch EXECUTE FUNCTION warn()`,
  );
  const { writer } = await start(fresh.url);
  await write(writer);
  await writer.close();
});

test('the writers of other databases are left alone', async () => {
  await using fresh = await freshDatabase();
  await using another = await freshDatabase();
  const other = await start(another.url);
  const { writer } = await start(fresh.url);
  await write(other.writer);
  await other.writer.close();
  await writer.close();
});

test('a schema that cannot be brought up to date ends the attempt, and the next one may go on', async () => {
  await using fresh = await freshDatabase();
  const migrate = async () => {
    throw new Error('too new');
  };
  await expect(takenOver(fresh.url, { migrate })).rejects.toThrow('too new');
  const { writer } = await start(fresh.url);
  await writer.close();
});

test('a new writer ends the old one, whose next change is certainly not executed', async () => {
  await using fresh = await freshDatabase();
  const old = await start(fresh.url);
  const young = await start(fresh.url);
  await expect.poll(() => old.ended.length).toBe(1);
  await expect(write(old.writer)).rejects.toThrow(NotWriter);
  await write(young.writer);
  await young.writer.close();
});

test('a writer whose epoch is gone is fenced by the row, though its session lives', async () => {
  await using fresh = await freshDatabase();
  const old = await start(fresh.url);
  await fresh.database.query('t', 'UPDATE log_head SET epoch = 99');
  await expect(write(old.writer)).rejects.toThrow(NotWriter);
  expect(old.ended).toHaveLength(1);
  expect(await fresh.database.query('t2', 'SELECT * FROM log')).toEqual([]);
});

test('a batch out of order is fenced too', async () => {
  await using fresh = await freshDatabase();
  const old = await start(fresh.url);
  await fresh.database.query('t', 'UPDATE log_head SET position = 5');
  await expect(write(old.writer)).rejects.toThrow(NotWriter);
  expect(await fresh.database.query('t2', 'SELECT * FROM log')).toEqual([]);
});

// Schedule 3 of docs/faults.md: a frozen client, its transaction open with the row in hand.
test('a takeover gets past an open transaction of a frozen writer', async () => {
  await using fresh = await freshDatabase();
  const frozen = await session(fresh.url, 'farol-writer');
  await frozen.query('BEGIN; UPDATE log_head SET position = 7');
  const young = await start(fresh.url);
  expect(young.writer.committed.position).toBe(0);
  await young.writer.close();
});

test('a takeover waits for the row, whoever has it, and ends each writer that comes meanwhile', async () => {
  await using fresh = await freshDatabase();
  const other = await session(fresh.url, 'an operator');
  await other.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
  const attempt = start(fresh.url);
  await untilRefused(fresh);
  const late = await session(fresh.url, 'farol-writer');
  await expect(late.query('SELECT 1 FROM log_head FOR UPDATE')).rejects.toThrow('terminat');
  await other.query('COMMIT');
  const { writer } = await attempt;
  await write(writer);
  await writer.close();
});

test('a takeover that waits for the row may be called off', async () => {
  await using fresh = await freshDatabase();
  const other = await session(fresh.url, 'an operator');
  await other.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
  const stop = new AbortController();
  const attempt = takenOver(fresh.url, { signal: stop.signal });
  const called = expect(attempt).rejects.toThrow('called off');
  await untilRefused(fresh);
  stop.abort(new Error('called off'));
  await called;
});

const start = (url: string, leaderRevision = '0') =>
  takenOver(url, { leaderRevision, epochStep: () => 1 });

async function takenOver(url: string, options: Partial<TakeoverOptions> = {}) {
  const ended: Error[] = [];
  const writer = await takeOver({
    ...{ url, leaderRevision: '0', deadline: Deadline.none() },
    ...options,
    onEnd: (reason) => ended.push(reason),
  });
  return { writer, ended };
}

/** The takeover has found the row taken, and will look again. */
async function untilRefused({ database }: FreshDatabase) {
  const refused = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'farol-writer' AND query = 'ROLLBACK' AND state = 'idle'`;
  while ((await database.query('refused', refused)).length === 0);
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

async function session(url: string, application: string) {
  const client = new pg.Client({ connectionString: url, application_name: application });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

import pg from 'pg';
import { expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import type { Database } from '../storage/database.ts';
import { LogClock } from './clock.ts';
import { keepHouse, trimLog } from './housekeeping.ts';
import { OutcomeStore } from './outcome-store.ts';
import type { Writer } from './writer.ts';

test('records of the log go after a day, in pieces, the youngest piece stays', async () => {
  await using fresh = await freshDatabase();
  await addRecords(fresh, { from: 1, to: 5_000, age: '25 hours' });
  await addRecords(fresh, { from: 5_001, to: 5_010, age: '23 hours' });
  await trimLog(fresh.database, new AbortController().signal);
  const rows = await fresh.database.query<{ first: number; last: number }>(
    't',
    'SELECT min(position) AS first, max(position) AS last FROM log',
  );
  expect(rows).toEqual([{ first: 4_001, last: 5_010 }]);
});

test('outcomes go when writers have run for their time, whatever the clock on the wall says', async () => {
  await using fresh = await freshDatabase();
  await setClock(fresh, '2001-01-01 00:00Z');
  let nowMs = 0;
  const writer = await startWriter(fresh.url, { nowMs: () => nowMs });
  await leaveOutcome(fresh, writer);
  nowMs = 599_000;
  expect(await outcomesLeft(fresh, writer)).toBe(1);
  await writer.close();
  // What the clock of the machine has done meanwhile is nobody's business.
  await using next = await startWriter(fresh.url, { nowMs: () => nowMs });
  nowMs += 1_000;
  expect(await outcomesLeft(fresh, next)).toBe(1);
  nowMs += 1;
  expect(await outcomesLeft(fresh, { epoch: next.epoch - 1, clock: next.clock })).toBe(1);
  expect(await outcomesLeft(fresh, next)).toBe(0);
});

test('the clock does not go back, and housekeeping that fails is told and goes on', async () => {
  await using fresh = await freshDatabase();
  await setClock(fresh, '2001-01-01 00:00Z');
  const errors: unknown[] = [];
  const stop = new AbortController();
  let rounds = 0;
  const database: Database = {
    query: (...question) =>
      rounds === 0 ? Promise.reject(new Error('away')) : fresh.database.query(...question),
  };
  await keepHouse(database, {
    ...{ signal: stop.signal, epoch: 0, clock: new LogClock(0), now: Date.now },
    onError: (error) => errors.push(error),
    async pause() {
      rounds += 1;
      if (rounds === 2) stop.abort();
    },
  });
  expect(errors).toHaveLength(1);
  const clock = `SELECT at = '2001-01-01 00:00Z' AS right FROM log_clock`;
  expect(await fresh.database.query('clock', clock)).toEqual([{ right: true }]);
});

test('what lets nobody in any more, or keeps nobody out, goes, all of it and nothing else, though nothing new comes', async () => {
  await using fresh = await freshDatabase();
  const { database } = fresh;
  await database.query(
    'stages',
    `INSERT INTO finished_stage SELECT n, 'm.login.dummy', '{}', n FROM generate_series(1, 4500) AS n`,
  );
  await database.query(
    'tokens',
    `INSERT INTO login_token SELECT int4send(n), '@alice:x', n FROM generate_series(1, 4500) AS n`,
  );
  await database.query(
    'failed',
    'INSERT INTO failed_password SELECT n, n FROM generate_series(1, 4500) AS n',
  );
  await database.query(
    'orders',
    `INSERT INTO long_order SELECT n, 'k', 't', 'b', '{}', '{}', 'complete', n
     FROM generate_series(1, 4500) AS n`,
  );
  await database.query(
    'active',
    `INSERT INTO long_order VALUES ('active', 'k', 't', 'b', '{}', '{}', 'active', NULL)`,
  );
  await keepOnce(database, { epoch: 0, clock: new LogClock(0) }, 4_400);
  const left = (table: string) =>
    database.query(
      table,
      `SELECT count(expires_ms) AS count, min(expires_ms) AS first FROM ${table}`,
    );
  for (const table of ['finished_stage', 'login_token', 'failed_password', 'long_order'])
    expect(await left(table)).toEqual([{ count: 100, first: 4_401 }]);
  const active = `SELECT 1 FROM long_order WHERE status = 'active'`;
  expect(await database.query('left', active)).toHaveLength(1);
});

test('what a writer is just changing is passed over: the two never wait for each other in a circle', async () => {
  await using fresh = await freshDatabase();
  const { database } = fresh;
  await database.query(
    'failed',
    'INSERT INTO failed_password SELECT n, n FROM generate_series(1, 3) AS n',
  );
  const writing = new pg.Client({ connectionString: fresh.url });
  await writing.connect();
  await writing.query(`BEGIN; UPDATE failed_password SET expires_ms = 9000 WHERE who = '2'`);
  await keepOnce(database, { epoch: 0, clock: new LogClock(0) }, 4_400);
  await writing.query('COMMIT');
  await writing.end();
  expect(await database.query('left', 'SELECT who FROM failed_password')).toEqual([{ who: '2' }]);
});

const plain = { seal: (body: Buffer) => body, open: (body: Buffer) => body };

const setClock = (fresh: FreshDatabase, at: string) =>
  fresh.database.query('set_clock', 'UPDATE log_clock SET at = $1::text::timestamptz', [at]);

/** Kept for ten minutes. */
const leaveOutcome = ({ database }: FreshDatabase, writer: Writer) =>
  new OutcomeStore({
    ...{ database, pages: database, seal: plain, log: writer },
    onError: console.error,
  }).run({ kind: 'request', requestId: 'r' }, (once) =>
    writer.commit(() => ({
      change: { rows: [], records: [], touches: [], outcome: once.outcome(200, {}) },
      value: {},
    })),
  );

async function outcomesLeft(
  { database }: FreshDatabase,
  writer: Pick<Writer, 'epoch' | 'clock'>,
): Promise<number> {
  await keepOnce(database, writer, Date.now());
  return (await database.query('count', 'SELECT 1 FROM outcome')).length;
}

async function keepOnce(
  database: Database,
  { epoch, clock }: Pick<Writer, 'epoch' | 'clock'>,
  nowMs: number,
): Promise<void> {
  const stop = new AbortController();
  await keepHouse(database, {
    ...{ signal: stop.signal, epoch, clock, now: () => nowMs },
    onError: (error) => {
      throw error;
    },
    pause: async () => stop.abort(),
  });
}

const addRecords = (fresh: FreshDatabase, range: { from: number; to: number; age: string }) =>
  fresh.database.query(
    'add',
    `INSERT INTO log (position, kind, version, payload, at)
     SELECT position, 'test', 1, '{}', now() - $3::text::interval
     FROM generate_series($1::bigint, $2::bigint) AS position`,
    [range.from, range.to, range.age],
  );

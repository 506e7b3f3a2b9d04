import { expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { Database } from '../storage/database.ts';
import { keepHouse, trimLog } from './housekeeping.ts';
import { OutcomeStore } from './outcome-store.ts';

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
  await using writer = await startWriter(fresh.url);
  await setClock(fresh, '2001-01-01 00:00Z');
  const outcomes = new OutcomeStore({ ...fresh, seal: plain, log: writer });
  await outcomes.run({ kind: 'request', requestId: 'r' }, (once) =>
    writer.commit(() => ({
      change: { rows: [], records: [], touches: [], outcome: once.outcome(200, {}) },
      value: {},
    })),
  );
  expect(await keepHouseFor(fresh, { epoch: writer.epoch, minutes: 10 })).toBe(1);
  expect(await keepHouseFor(fresh, { epoch: writer.epoch - 1, minutes: 1_000 })).toBe(1);
  expect(await keepHouseFor(fresh, { epoch: writer.epoch, minutes: 2 })).toBe(0);
});

test('housekeeping that fails is told, and goes on; the time that passed meanwhile is counted', async () => {
  await using fresh = await freshDatabase();
  await setClock(fresh, '2001-01-01 00:00Z');
  const errors: unknown[] = [];
  const stop = new AbortController();
  let nowMs = 0;
  let fails = true;
  const database: Database = {
    query: (...question) =>
      fails ? Promise.reject(new Error('away')) : fresh.database.query(...question),
  };
  await keepHouse(database, {
    ...{ signal: stop.signal, epoch: 0, nowMs: () => (nowMs += 60_000) },
    onError: (error) => errors.push(error),
    async pause() {
      if (nowMs === 120_000) fails = false;
      if (nowMs === 180_000) stop.abort();
    },
  });
  expect(errors).toHaveLength(1);
  const clock = `SELECT at = '2001-01-01 00:02Z' AS right FROM log_clock`;
  expect(await fresh.database.query('clock', clock)).toEqual([{ right: true }]);
});

test('records are dated by the same clock', async () => {
  await using fresh = await freshDatabase();
  await using writer = await startWriter(fresh.url);
  await setClock(fresh, '2001-01-01 00:00Z');
  await writer.commit((position) => ({
    change: {
      rows: [],
      records: [{ position: position(), record: { kind: 'logins', userId: '@a:b' as UserId } }],
      touches: [],
    },
    value: undefined,
  }));
  const dated = `SELECT at = '2001-01-01 00:00Z' AS right FROM log`;
  expect(await fresh.database.query('dated', dated)).toEqual([{ right: true }]);
});

const plain = { seal: (body: Buffer) => body, open: (body: Buffer) => body };

const setClock = (fresh: FreshDatabase, at: string) =>
  fresh.database.query('set_clock', 'UPDATE log_clock SET at = $1::text::timestamptz', [at]);

/** How many outcomes there are then. */
async function keepHouseFor(
  { database }: FreshDatabase,
  { epoch, minutes }: { epoch: number; minutes: number },
): Promise<number> {
  const stop = new AbortController();
  let nowMs = 0;
  await keepHouse(database, {
    ...{ signal: stop.signal, epoch, nowMs: () => nowMs },
    onError: (error) => {
      throw error;
    },
    async pause() {
      if (nowMs > 0) stop.abort();
      nowMs += minutes * 60_000;
    },
  });
  return (await database.query('count', 'SELECT 1 FROM outcome')).length;
}

const addRecords = (fresh: FreshDatabase, range: { from: number; to: number; age: string }) =>
  fresh.database.query(
    'add',
    `INSERT INTO log (position, kind, version, payload, at)
     SELECT position, 'test', 1, '{}', now() - $3::text::interval
     FROM generate_series($1::bigint, $2::bigint) AS position`,
    [range.from, range.to, range.age],
  );

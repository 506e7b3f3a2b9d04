import { expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { sweepOutcomes } from '../storage/outcomes.ts';
import { trimLog } from './housekeeping.ts';

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

test('outcomes go when their time is over', async () => {
  await using fresh = await freshDatabase();
  await fresh.database.query(
    't',
    `INSERT INTO outcome (key, status, body, secret, expires_at) VALUES
       ('old', 200, '', false, now() - interval '1 second'),
       ('young', 200, '', false, now() + interval '1 minute')`,
  );
  expect(await sweepOutcomes(fresh.database, 100)).toBe(1);
  const rows = await fresh.database.query<{ key: Buffer }>('t2', 'SELECT key FROM outcome');
  expect(rows.map((row) => row.key.toString())).toEqual(['young']);
});

const addRecords = (fresh: FreshDatabase, range: { from: number; to: number; age: string }) =>
  fresh.database.query(
    'add',
    `INSERT INTO log (position, kind, version, payload, at)
     SELECT position, 'test', 1, '{}', now() - $3::text::interval
     FROM generate_series($1::bigint, $2::bigint) AS position`,
    [range.from, range.to, range.age],
  );

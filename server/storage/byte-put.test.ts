import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { DatabaseUnavailable } from './database.ts';

test('bytes and numbers are written as they are, however long, again and again', async () => {
  await using fresh = await keeping();
  const [long, short] = [randomBytes(3_000_000), Buffer.from('short')];
  const number = Number.MAX_SAFE_INTEGER;
  const written = [];
  for (const [n, bytes] of [Buffer.alloc(0), long, short].entries())
    written.push(await put(fresh, [n, number], bytes));
  expect(written).toEqual([1, 1, 1]);
  const rows = await kept(fresh);
  expect(rows.map(({ n, m }) => [n, m])).toEqual([0, 1, 2].map((n) => [n, number]));
  expect(rows[1]!.bytes.equals(long)).toBe(true);
  expect([rows[0]!.bytes, rows[2]!.bytes]).toEqual([Buffer.alloc(0), short]);
});

test('many at once, over few connections, do not get into each other’s', async () => {
  await using fresh = await keeping();
  const all = Array.from({ length: 20 }, (_, n) => put(fresh, [n, 0], Buffer.alloc(100_000, n)));
  await Promise.all(all);
  for (const { n, bytes } of await kept(fresh))
    expect(bytes.equals(Buffer.alloc(100_000, n))).toBe(true);
});

test('it says that nothing was written, and what PostgreSQL has against it', async () => {
  await using fresh = await keeping();
  const nothing = 'INSERT INTO kept SELECT $1::int8, $2::int8, $3::bytea WHERE false';
  expect(await fresh.database.put({ ...statement([1, 2], NONE), name: 'x', sql: nothing })).toBe(0);
  const telling = 'INSERT INTO kept VALUES ($1::int8, $2::int8, $3::bytea) RETURNING n';
  expect(await fresh.database.put({ ...statement([0, 0], NONE), name: 'y', sql: telling })).toBe(1);
  await put(fresh, [1, 1], NONE);
  await expect(put(fresh, [1, 1], NONE)).rejects.toThrow('duplicate key');
  expect(await put(fresh, [2, 1], NONE)).toBe(1);
});

test('where the connection is lost nobody knows whether it was written', async () => {
  await using fresh = await keeping();
  const sql = `INSERT INTO kept SELECT $1::int8, $2::int8, $3::bytea FROM (SELECT pg_terminate_backend(pg_backend_pid())) AS ended`;
  const lost = fresh.database.put({ ...statement([1, 2], NONE), name: 'lost', sql });
  await expect(lost).rejects.toThrow(DatabaseUnavailable);
  expect(await put(fresh, [1, 1], NONE)).toBe(1);
});

const NONE = Buffer.alloc(0);

const statement = (numbers: readonly number[], bytes: Buffer) => ({
  ...{ name: 'keep', sql: 'INSERT INTO kept VALUES ($1::int8, $2::int8, $3::bytea)' },
  ...{ numbers, bytes },
});

const put = ({ database }: FreshDatabase, numbers: readonly number[], bytes: Buffer) =>
  database.put(statement(numbers, bytes));

const kept = ({ database }: FreshDatabase) =>
  database.query<{ n: number; m: number; bytes: Buffer }>('kept', 'SELECT * FROM kept ORDER BY n');

async function keeping(): Promise<FreshDatabase> {
  const fresh = await freshDatabase();
  await fresh.database.query(
    'make_kept',
    'CREATE TABLE kept (n int8 PRIMARY KEY, m int8, bytes bytea)',
  );
  return fresh;
}

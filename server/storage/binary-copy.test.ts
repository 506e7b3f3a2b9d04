import { expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { DatabaseUnavailable } from './database.ts';
import { bytesIn } from './media/pieces.ts';

test('bytes come as they are, row behind row, however many and however long', async () => {
  await using fresh = await freshDatabase();
  const lengths = [0, 1, 6, 65_536, 3_000_000, 0, 5];
  const expected = Buffer.concat(
    lengths.map((length) => Buffer.alloc(3 * length, '00ff27', 'hex')),
  );
  const bytes = await read(
    fresh,
    `SELECT decode(repeat('00ff27', length), 'hex') FROM unnest(ARRAY[${lengths}]) WITH ORDINALITY AS row (length, n) ORDER BY n`,
    expected.length,
  );
  expect(bytes.equals(expected)).toBe(true);
  expect(await read(fresh, `SELECT ''::bytea WHERE false`, 0)).toEqual(Buffer.alloc(0));
});

test('what else PostgreSQL says in between goes to the driver, and rows beside bytes come as ever', async () => {
  await using fresh = await freshDatabase();
  await fresh.database.query(
    'make_noisy',
    `CREATE FUNCTION noisy(n int) RETURNS bytea LANGUAGE plpgsql AS $$
     BEGIN RAISE NOTICE '%', repeat('x', n * 1000); RETURN convert_to(repeat('y', n), 'UTF8'); END $$`,
  );
  const bytes = await read(fresh, 'SELECT noisy(n) FROM generate_series(1, 300) AS n', 45_150);
  expect(bytes.equals(Buffer.alloc(45_150, 'y'))).toBe(true);
  const rows = await fresh.database.query<{ text: string }>(
    'long_rows',
    `SELECT repeat(n::text, 100000) AS text FROM generate_series(1, 9) AS n`,
  );
  expect(rows.map(({ text }) => text)).toEqual(
    Array.from({ length: 9 }, (_, n) => `${n + 1}`.repeat(100_000)),
  );
});

test('several at once do not get each other’s', async () => {
  await using fresh = await freshDatabase();
  const hex = (n: number) => String(n).padStart(2, '0');
  const asked = Array.from({ length: 20 }, (_, n) =>
    read(fresh, `SELECT decode(repeat('${hex(n)}', 100000), 'hex')`, 100_000),
  );
  for (const [n, bytes] of (await Promise.all(asked)).entries())
    expect(bytes.equals(Buffer.alloc(100_000, hex(n), 'hex'))).toBe(true);
});

const seven = (fresh: FreshDatabase) => read(fresh, `SELECT '\\x07'::bytea`, 1);

test.each([
  [`SELECT ''::bytea, ''::bytea`, 0, 'not one column'],
  [`SELECT NULL::bytea`, 0, 'not one column'],
  [`SELECT '\\x0102'::bytea FROM generate_series(1, 2)`, 3, 'more than 3'],
  [`SELECT '\\x0102'::bytea`, 3, 'Of 3 bytes there are only 2'],
  ['SELECT 1 / 0', 0, 'division by zero'],
])(
  '%s gives no %i bytes, says why, and keeps none from what comes next',
  async (sql, length, why) => {
    await using fresh = await freshDatabase();
    await expect(read(fresh, sql, length)).rejects.toThrow(why);
    expect(await seven(fresh)).toEqual(Buffer.from([7]));
  },
);

test('a connection that is lost in the middle is no answer', async () => {
  await using fresh = await freshDatabase();
  const lost = read(
    fresh,
    `SELECT decode(repeat('00', 100000), 'hex') FROM generate_series(1, 20) WHERE pg_terminate_backend(pg_backend_pid())`,
    2_000_000,
  );
  await expect(lost).rejects.toThrow(DatabaseUnavailable);
  expect(await seven(fresh)).toEqual(Buffer.from([7]));
});

test.each([Number.NaN, -1, 1.5, '0; DROP TABLE media' as unknown as number])(
  'no piece is read from %s on',
  async (from) => {
    await using fresh = await freshDatabase();
    const asked = async () =>
      bytesIn(fresh.database, { uploadNid: 1, from, end: 10 }, Buffer.alloc(10));
    await expect(asked()).rejects.toThrow('no place in a file');
  },
);

async function read({ database }: FreshDatabase, select: string, length: number): Promise<Buffer> {
  const into = Buffer.alloc(length);
  await database.bytes(select, into);
  return into;
}

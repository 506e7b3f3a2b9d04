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
  const bytes = await fresh.database.bytes(
    `SELECT decode(repeat('00ff27', length), 'hex') FROM unnest(ARRAY[${lengths}]) WITH ORDINALITY AS row (length, n) ORDER BY n`,
    expected.length,
  );
  expect(bytes.equals(expected)).toBe(true);
  expect(await fresh.database.bytes(`SELECT ''::bytea WHERE false`, 0)).toEqual(Buffer.alloc(0));
});

test('several at once do not get each other’s', async () => {
  await using fresh = await freshDatabase();
  const hex = (n: number) => String(n).padStart(2, '0');
  const asked = Array.from({ length: 20 }, (_, n) =>
    fresh.database.bytes(`SELECT decode(repeat('${hex(n)}', 100000), 'hex')`, 100_000),
  );
  for (const [n, bytes] of (await Promise.all(asked)).entries())
    expect(bytes.equals(Buffer.alloc(100_000, hex(n), 'hex'))).toBe(true);
});

const seven = (fresh: FreshDatabase) => fresh.database.bytes(`SELECT '\\x07'::bytea`, 1);

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
    await expect(fresh.database.bytes(sql, length)).rejects.toThrow(why);
    expect(await seven(fresh)).toEqual(Buffer.from([7]));
  },
);

test('a connection that is lost in the middle is no answer', async () => {
  await using fresh = await freshDatabase();
  const lost = fresh.database.bytes(
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
    const read = async () => bytesIn(fresh.database, { uploadNid: 1, from, end: 10 });
    await expect(read()).rejects.toThrow('no place in a file');
  },
);

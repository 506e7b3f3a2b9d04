import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { DatabaseUnavailable } from './database.ts';
import { piecesIn } from './media/pieces.ts';

test('bytes come as they are, row by row, however many and however long', async () => {
  await using fresh = await freshDatabase();
  const lengths = [0, 1, 6, 65_536, 3_000_000, 0];
  const rows = await fresh.database.bytes(
    `SELECT decode(repeat('00ff27', length), 'hex') FROM unnest(ARRAY[${lengths}]) WITH ORDINALITY AS row (length, n) ORDER BY n`,
  );
  expect(rows.map(({ length }) => length)).toEqual(lengths.map((length) => 3 * length));
  const expected = createHash('sha256').update(Buffer.alloc(9_000_000, '00ff27', 'hex'));
  expect(createHash('sha256').update(rows[4]!).digest('hex')).toBe(expected.digest('hex'));
  expect(await fresh.database.bytes(`SELECT ''::bytea WHERE false`)).toEqual([]);
});

test('several at once do not get each other’s', async () => {
  await using fresh = await freshDatabase();
  const asked = Array.from({ length: 20 }, (_, n) =>
    fresh.database.bytes(`SELECT decode(repeat('${String(n).padStart(2, '0')}', 100000), 'hex')`),
  );
  for (const [n, [row]] of (await Promise.all(asked)).entries())
    expect(row!.equals(Buffer.alloc(100_000, String(n).padStart(2, '0'), 'hex'))).toBe(true);
});

test('what is no column of bytes is refused, and what the database refuses says why; the next is answered', async () => {
  await using fresh = await freshDatabase();
  const two = `SELECT ''::bytea, ''::bytea`;
  await expect(fresh.database.bytes(two)).rejects.toThrow('not one column');
  await expect(fresh.database.bytes(`SELECT NULL::bytea`)).rejects.toThrow('not one column');
  await expect(fresh.database.bytes('SELECT 1 / 0')).rejects.toThrow('division by zero');
  expect(await fresh.database.bytes(`SELECT '\\x07'::bytea`)).toEqual([Buffer.from([7])]);
});

test('a connection that is lost in the middle is no answer', async () => {
  await using fresh = await freshDatabase();
  const lost = fresh.database.bytes(
    `SELECT decode(repeat('00', 100000), 'hex') FROM generate_series(1, 20) WHERE pg_terminate_backend(pg_backend_pid())`,
  );
  await expect(lost).rejects.toThrow(DatabaseUnavailable);
  expect(await fresh.database.bytes(`SELECT '\\x07'::bytea`)).toEqual([Buffer.from([7])]);
});

test.each([Number.NaN, -1, 1.5, '0; DROP TABLE media' as unknown as number])(
  'no piece is read from %s on',
  async (from) => {
    await using fresh = await freshDatabase();
    const read = async () => piecesIn(fresh.database, { uploadNid: 1, from, end: 10 });
    await expect(read()).rejects.toThrow('no place in a file');
  },
);

import { expect, test } from 'vitest';
import type { ByteReader } from '../storage/database.ts';
import { Downloads } from './downloads.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const FILE = { uploadNid: 1, from: 0, end: 40 * MIB };

const nothing: ByteReader = { bytes: async (_select, length) => Buffer.allocUnsafe(length) };

test('one alone reads in large steps, all of it and no more', async () => {
  const downloads = new Downloads(nothing);
  const lengths: number[] = [];
  for await (const { length } of downloads.read({ ...FILE, from: 5, end: 3 * MIB }))
    lengths.push(length);
  expect(lengths.slice(0, -1)).toEqual(Array(5).fill(512 * KIB));
  expect(lengths.reduce((sum, length) => sum + length)).toBe(3 * MIB - 5);
});

test('a thousand who take nothing have little read for them, whoever came first; when they are gone steps are large again', async () => {
  const downloads = new Downloads(nothing);
  const slow = Array.from({ length: 1_000 }, () => downloads.read(FILE));
  let ahead = 0;
  for (const each of slow) ahead += (await each.next()).value!.length;
  expect(ahead).toBeLessThanOrEqual(16 * MIB + 1_000 * 16 * KIB);
  const late = downloads.read(FILE);
  expect((await late.next()).value).toHaveLength(16 * KIB);
  await Promise.all([late, ...slow].map((each) => each.return(undefined)));
  expect((await downloads.read(FILE).next()).value).toHaveLength(512 * KIB);
});

test('what a client has taken counts no more: whoever goes on reading keeps its steps', async () => {
  const downloads = new Downloads(nothing);
  const lengths = new Set<number>();
  for await (const { length } of downloads.read(FILE)) lengths.add(length);
  expect([...lengths]).toEqual([512 * KIB]);
  expect((await downloads.read(FILE).next()).value).toHaveLength(512 * KIB);
});

test('a read that fails leaves nothing counted', async () => {
  const failing: ByteReader = { bytes: () => Promise.reject(new Error('away')) };
  const reader = { bytes: failing.bytes };
  const downloads = new Downloads({ bytes: (select, length) => reader.bytes(select, length) });
  for (let n = 0; n < 100; n += 1)
    await expect(downloads.read(FILE).next()).rejects.toThrow('away');
  reader.bytes = nothing.bytes;
  expect((await downloads.read(FILE).next()).value).toHaveLength(512 * KIB);
});

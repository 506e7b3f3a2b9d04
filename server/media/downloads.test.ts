import { expect, test } from 'vitest';
import { Downloads } from './downloads.ts';
import { lengthFor } from './stores/blocks.ts';
import type { ReadPart } from './stores/contents.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const FILE = { from: 0, end: 40 * MIB };

const part: ReadPart = async (from, end) => ({
  bytes: Buffer.allocUnsafe(end - from),
  giveBack: () => {},
});

test('one alone reads in large steps, all of it and no more', async () => {
  const downloads = new Downloads();
  const lengths: number[] = [];
  for await (const { length } of downloads.read(part, { ...FILE, from: 5, end: 3 * MIB }))
    lengths.push(length);
  expect(lengths.slice(0, -1)).toEqual(Array(5).fill(512 * KIB));
  expect(lengths.reduce((sum, length) => sum + length)).toBe(3 * MIB - 5);
});

test('a thousand who take nothing have little read for them, whoever came first; when they are gone steps are large again', async () => {
  const downloads = new Downloads();
  const slow = Array.from({ length: 1_000 }, () => downloads.read(part, FILE));
  let ahead = 0;
  for (const each of slow) ahead += (await each.next()).value!.length;
  expect(ahead).toBeLessThanOrEqual(16 * MIB + 1_000 * 16 * KIB);
  const late = downloads.read(part, FILE);
  expect((await late.next()).value).toHaveLength(16 * KIB);
  await Promise.all([late, ...slow].map((each) => each.return(undefined)));
  expect((await downloads.read(part, FILE).next()).value).toHaveLength(512 * KIB);
});

test('what lies ahead is as much as its blocks take', async () => {
  const downloads = new Downloads();
  let blocks = 0;
  let length: number;
  do {
    const { value } = await downloads.read(part, { from: 0, end: 257 * KIB }).next();
    length = value!.length;
    if (length > 16 * KIB) blocks += lengthFor(length);
  } while (length > 16 * KIB);
  expect(blocks).toBeLessThanOrEqual(16 * MIB);
});

test('what a client has taken counts no more: whoever goes on reading keeps its steps', async () => {
  const downloads = new Downloads();
  const lengths = new Set<number>();
  for await (const { length } of downloads.read(part, FILE)) lengths.add(length);
  expect([...lengths]).toEqual([512 * KIB]);
  expect((await downloads.read(part, FILE).next()).value).toHaveLength(512 * KIB);
});

test('a read that fails leaves nothing counted', async () => {
  const downloads = new Downloads();
  const failing: ReadPart = () => Promise.reject(new Error('away'));
  for (let n = 0; n < 100; n += 1)
    await expect(downloads.read(failing, FILE).next()).rejects.toThrow('away');
  expect((await downloads.read(part, FILE).next()).value).toHaveLength(512 * KIB);
});

test.each(['reads to the end', 'leaves in the middle', 'fails in the middle'])(
  'each part is given back when its client has it, once, also where one %s',
  async (what) => {
    const [lent, given]: [number[], number[]] = [[], []];
    const counted: ReadPart = async (from) => {
      if (what.startsWith('fails') && from > MIB) throw new Error('away');
      lent.push(from);
      return { bytes: Buffer.alloc(1), giveBack: () => void given.push(from) };
    };
    const reading = new Downloads().read(counted, { from: 0, end: 3 * MIB });
    const all = (async () => {
      for await (const _ of reading) {
        expect(given, 'none that is being read').toEqual(lent.slice(0, -1));
        if (what.startsWith('leaves') && lent.length === 3) break;
      }
    })();
    if (what.startsWith('fails')) await expect(all).rejects.toThrow('away');
    else await all;
    expect(lent.length).toBeGreaterThan(2);
    expect(given).toEqual(lent);
  },
);

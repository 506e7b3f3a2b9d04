import { expect, test } from 'vitest';
import { PART_BYTES_MIN, RecentParts } from './recent-parts.ts';

const part = (uploadNid: number, end = 4) => ({ uploadNid, from: 0, end });

test('a part is read once for all who ask for it, at once or later', async () => {
  const { parts, reads } = begun();
  const asked = [parts.read(part(1), reads), parts.read(part(1), reads)];
  const [first, second] = await Promise.all(asked);
  expect(await parts.read(part(1), reads)).toBe(first);
  expect([second, reads.times]).toEqual([first, 1]);
});

test('another part of the same file, and the same part of another, are read by themselves', async () => {
  const { parts, reads } = begun();
  await parts.read(part(1), reads);
  await parts.read(part(1, 5), reads);
  await parts.read({ ...part(1), from: 1 }, reads);
  await parts.read(part(2), reads);
  expect(reads.times).toBe(4);
});

test('what could not be read is tried again', async () => {
  const { parts, reads } = begun();
  const broken = () => Promise.reject(new Error('away'));
  await expect(parts.read(part(1), broken)).rejects.toThrow('away');
  await parts.read(part(1), reads);
  expect(reads.times).toBe(1);
});

test('a file that is read by single bytes has a bound, too', async () => {
  const parts = new RecentParts();
  let reads = 0;
  const read = async () => {
    reads++;
    return Buffer.alloc(1);
  };
  for (let round = 0; round < 2; round++)
    for (let from = 0; from < 2_000; from++)
      await parts.read({ uploadNid: 1, from, end: from + 1 }, read);
  expect(reads, 'the first have gone').toBe(4_000);
});

test('no more than so many bytes are kept, those used last', async () => {
  const { parts, reads } = begun();
  for (const uploadNid of [1, 2, 1, 3]) await parts.read(part(uploadNid), reads);
  expect(reads.times).toBe(3);
  await parts.read(part(1), reads);
  expect(reads.times, 'used since').toBe(3);
  await parts.read(part(2), reads);
  expect(reads.times, 'let go').toBe(4);
});

function begun() {
  const reads = Object.assign(
    async () => {
      reads.times += 1;
      return Buffer.alloc(4);
    },
    { times: 0 },
  );
  return { parts: new RecentParts(2 * PART_BYTES_MIN), reads };
}

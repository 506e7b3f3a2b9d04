import { expect, test } from 'vitest';
import { BLOCK_BYTES_MIN } from './blocks.ts';
import { type Read, RecentParts } from './recent-parts.ts';

const part = (uploadNid: number, end = 4) => ({ uploadNid, from: 0, end });

test('a part is read once for all who ask for it, at once or later', async () => {
  const { parts, reads } = begun();
  const asked = [parts.read(part(1), reads), parts.read(part(1), reads)];
  const [first, second] = await Promise.all(asked);
  expect((await parts.read(part(1), reads)).bytes).toBe(first!.bytes);
  expect([second!.bytes, reads.times]).toEqual([first!.bytes, 1]);
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
      (await parts.read({ uploadNid: 1, from, end: from + 1 }, read)).giveBack();
  expect(reads, 'the first have gone').toBe(4_000);
});

test('no more than so many bytes are kept, those used last', async () => {
  const { parts, reads } = begun();
  for (const uploadNid of [1, 2, 1, 3]) (await parts.read(part(uploadNid), reads)).giveBack();
  expect(reads.times).toBe(3);
  (await parts.read(part(1), reads)).giveBack();
  expect(reads.times, 'used since').toBe(3);
  (await parts.read(part(2), reads)).giveBack();
  expect(reads.times, 'let go').toBe(4);
});

test('nothing comes into the place of a part that somebody reads, however many others are read meanwhile', async () => {
  const { parts, reads } = begun();
  const [one, two] = [await parts.read(part(1), reads), await parts.read(part(1), reads)];
  one.giveBack();
  // Twice is once: the other reader has it still.
  one.giveBack();
  const others = [];
  for (let uploadNid = 2; uploadNid < 9; uploadNid++)
    others.push(await parts.read(part(uploadNid), reads));
  expect(two.bytes).toEqual(Buffer.alloc(4, 1));
  expect(others.map(({ bytes }) => bytes[0])).toEqual([2, 3, 4, 5, 6, 7, 8]);
});

test('the place of what is neither kept nor read is used again, and no other', async () => {
  const { parts, reads } = begun();
  const places = new Set<ArrayBufferLike>();
  for (let uploadNid = 1; uploadNid < 100; uploadNid++) {
    const { bytes, giveBack } = await parts.read(part(uploadNid), reads);
    expect(bytes).toEqual(Buffer.alloc(4, uploadNid));
    places.add(bytes.buffer);
    giveBack();
  }
  // Two are kept, and the third is let go when the one behind it has begun.
  expect(places.size).toBe(3);
});

test('the place of what could not be read is nobody’s: something may still come into it', async () => {
  const { parts, reads } = begun();
  let broken: Buffer | undefined;
  const breaks: Read = async (place) => {
    broken = place();
    throw new Error('away');
  };
  await expect(parts.read(part(1), breaks)).rejects.toThrow('away');
  for (let uploadNid = 2; uploadNid < 9; uploadNid++) {
    const { bytes, giveBack } = await parts.read(part(uploadNid), reads);
    expect(bytes.buffer).not.toBe(broken!.buffer);
    giveBack();
  }
});

/** Each part is full of the number of its read. */
function begun() {
  const read: Read = async (place) => {
    reads.times += 1;
    return place().fill(reads.times);
  };
  const reads = Object.assign(read, { times: 0 });
  return { parts: new RecentParts(2 * BLOCK_BYTES_MIN), reads };
}

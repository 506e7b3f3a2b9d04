import { expect, test } from 'vitest';
import type { Pieces } from '../../http/answer.ts';
import { Representation } from '../../http/representation.ts';
import { Downloads } from '../../media/downloads.ts';
import { RecentParts } from '../../media/stores/recent-parts.ts';
import { inTwoParts } from './in-two-parts.ts';

const STEP_BYTES = 512 * 1024;
const FILE_BYTES = 4 * STEP_BYTES;

test('what a server is being sent stays as it is, however many other files are read meanwhile', async () => {
  const { sent, readWhole } = files();
  const pieces = sent(1);
  await pieces.next();
  for (let at = 0; at < FILE_BYTES; at += STEP_BYTES) {
    const { value } = await pieces.next();
    await readWhole(2);
    await readWhole(3);
    expect(Buffer.alloc(STEP_BYTES, 1).equals(value)).toBe(true);
  }
  expect((await pieces.next()).value).toHaveLength('\r\n--'.length + 48 + '--\r\n'.length);
  expect((await pieces.next()).done).toBe(true);
});

test('nothing is read ahead of the server that takes it, and where it leaves, the place is free', async () => {
  const { sent, lent } = files();
  const pieces = sent(1);
  await pieces.next();
  expect(lent).toEqual({ times: 0, out: 0 });
  await pieces.next();
  expect(lent).toEqual({ times: 1, out: 1 });
  await pieces.return!();
  expect(lent).toEqual({ times: 1, out: 0 });
});

/** Each is full of its number; no more than one part is kept. */
function files() {
  const recent = new RecentParts(STEP_BYTES);
  const downloads = new Downloads();
  const lent = { times: 0, out: 0 };
  const part = (uploadNid: number) => async (from: number, end: number) => {
    const given = await recent.read({ uploadNid, from, end }, async (place) =>
      place().fill(uploadNid),
    );
    lent.times += 1;
    lent.out += 1;
    return {
      bytes: given.bytes,
      giveBack() {
        lent.out -= 1;
        given.giveBack();
      },
    };
  };
  const read = (uploadNid: number, from = 0, end = FILE_BYTES) =>
    downloads.read(part(uploadNid), { from, end });
  return {
    lent,
    sent(uploadNid: number) {
      const file = new Representation({
        ...{ headers: {}, bytes: FILE_BYTES, etag: '"e"' },
        read: (from, end) => read(uploadNid, from, end),
      });
      return (inTwoParts(file).body as Pieces)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    },
    async readWhole(uploadNid: number) {
      for await (const _ of read(uploadNid));
    },
  };
}

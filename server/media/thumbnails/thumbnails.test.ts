import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { NotWriter } from '../../log/log.ts';
import type { Content } from '../../storage/media/media.ts';
import { Thumbnails } from './thumbnails.ts';

const SMALL = { width: 32, height: 32, method: 'crop', isAnimated: false } as const;

test('nobody waits in the line of somebody else who wants the same picture', async () => {
  const bench = await openBench();
  const asked = [1, 2, 3, 9].map((each) => bench.ask('alice', each));
  asked.push(bench.ask('bob', 9));
  bench.open();
  await Promise.all(asked);
  expect(bench.read).toEqual([1, 2, 9, 3]);
});

test('a picture that is being made when the server ends is for the next writer to make', async () => {
  const bench = await openBench();
  const asked = bench.ask('alice', 1);
  const refused = expect(asked).rejects.toThrow(NotWriter);
  await bench.reading;
  bench.thumbnails.close();
  bench.open();
  await refused;
});

test('who wants a picture measured waits behind what is drawn for no longer than they want', async () => {
  const bench = await openBench();
  const drawn = bench.ask('alice', 1);
  await bench.reading;
  const late = new AbortController();
  const measured = bench.thumbnails.measured(Buffer.alloc(1), 'bob', late.signal);
  late.abort(new Error('too late'));
  await expect(measured).rejects.toThrow('too late');
  bench.open();
  await drawn;
});

test('what was given out lately is read from no disk again, until nobody is to see it', async () => {
  const bench = await openBench();
  bench.open();
  const drawn = await bench.ask('alice', 1);
  await bench.ask('alice', 2);
  const looked = bench.looked.length;
  expect(await bench.ask('bob', 1)).toEqual(drawn);
  expect(bench.looked).toHaveLength(looked);
  await bench.thumbnails.forget([bench.content(1)]);
  await bench.ask('bob', 2);
  expect(bench.looked).toHaveLength(looked);
  await bench.ask('bob', 1);
  expect(bench.looked).toHaveLength(looked + 1);
});

/** Pictures that nothing is read of before it is open. */
async function openBench() {
  const bytes = await sharp({
    create: { width: 64, height: 64, channels: 3, background: 'red' },
  })
    .png()
    .toBuffer();
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const read: number[] = [];
  const looked: string[] = [];
  const thumbnails = new Thumbnails({
    cache: {
      get: async (key) => void looked.push(key.of),
      put: async () => {},
      forget: async () => {},
    },
    async *read(content) {
      read.push('uploadNid' in content ? content.uploadNid : Number.NaN);
      begun.resolve();
      await gate.promise;
      yield bytes;
    },
    now: () => 0,
  });
  onTestFinished(() => thumbnails.close());
  const content = (uploadNid: number): Content => ({
    ...{ mediaId: 'm', uploadNid, objectKey: null, bytes: bytes.length },
    ...{ contentType: 'image/png', fileName: null },
    sha256: createHash('sha256').update(`${uploadNid}`).digest(),
  });
  return {
    ...{ thumbnails, read, looked, content, reading: begun.promise, open: gate.resolve },
    ask: (who: string, uploadNid: number) => thumbnails.of(content(uploadNid), SMALL, who),
  };
}

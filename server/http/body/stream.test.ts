import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { streamOf } from './stream.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

test('a body that stops coming is refused behind 20 s, and a second for each 16 KiB that came', async () => {
  const { body, read } = begun();
  body.write(Buffer.alloc(160 * 1024));
  await read.some();
  await vi.advanceTimersByTimeAsync(29_900);
  expect(read.failed).toBeUndefined();
  await vi.advanceTimersByTimeAsync(200);
  expect(read.failed).toMatchObject({ status: 408 });
});

test('one that comes in time, however long it takes, is taken to its end', async () => {
  const { body, read } = begun();
  for (let n = 0; n < 40; n += 1) {
    body.write(Buffer.alloc(20 * 1024));
    await vi.advanceTimersByTimeAsync(1_000);
  }
  body.end();
  await read.over;
  expect([read.bytes, read.failed]).toEqual([40 * 20 * 1024, undefined]);
});

test('what its reader takes for itself is no time of the client', async () => {
  const busy = Promise.withResolvers<void>();
  const { body, read } = begun(() => busy.promise);
  body.write(Buffer.from('x'));
  await vi.advanceTimersByTimeAsync(100_000);
  busy.resolve();
  await vi.advanceTimersByTimeAsync(19_000);
  body.end(Buffer.from('y'));
  await read.over;
  expect([read.bytes, read.failed]).toEqual([2, undefined]);
});

/** A body as Node gives one, and whoever reads it. */
function begun(taken: () => Promise<void> = async () => {}) {
  const body = new PassThrough();
  const request = Object.assign(body, { headers: {}, complete: false });
  body.once('end', () => (request.complete = true));
  const come = Promise.withResolvers<void>();
  const read = {
    bytes: 0,
    failed: undefined as unknown,
    some: () => come.promise,
    over: Promise.resolve(),
  };
  const readAll = async () => {
    for await (const chunk of streamOf(request as unknown as IncomingMessage).read(1e9)) {
      read.bytes += chunk.length;
      come.resolve();
      await taken();
    }
  };
  read.over = readAll().catch((error: unknown) => {
    read.failed = error;
  });
  return { body, read };
}

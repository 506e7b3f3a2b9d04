import { expect, test } from 'vitest';
import type { Media } from '../../media/media.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { LargeReads } from '../events/large-reads.ts';
import { thumbnail } from './thumbnailed.ts';

const HEAVY_BYTES = 1_000_000;

test('of heavy thumbnails nobody holds more than eight at once, however slowly they read them', async () => {
  const { ask } = open(HEAVY_BYTES);
  const held = await Promise.all(Array.from({ length: 8 }, () => ask('@slow:x').ready));
  expect(held).toHaveLength(8);
  let came = false;
  const next = ask('@slow:x').ready.then(() => {
    came = true;
  });
  // Asked for later, by the same steps: each of them is there now, had it not to wait.
  for (const other of ['@one:x', '@two:x']) await ask(other).ready;
  expect(came).toBe(false);
  next.catch(() => {});
});

test('a slow reader of heavy thumbnails gets the next one when one was read', async () => {
  const { ask } = open(HEAVY_BYTES);
  const held = Array.from({ length: 8 }, () => ask('@slow:x'));
  await Promise.all(held.map(({ ready }) => ready));
  const next = ask('@slow:x');
  held[0]!.leave();
  expect((await next.ready).answerTo({ method: 'GET', headers: {} }).status).toBe(200);
});

test('light ones, of which lists of rooms are full, wait for no other', async () => {
  const { ask } = open(10_000);
  const all = Array.from({ length: 200 }, () => ask('@slow:x').ready);
  expect(await Promise.all(all)).toHaveLength(200);
});

function open(bytes: number) {
  const ports = {
    media: { contentOf: async () => ({}) } as unknown as Pick<Media, 'contentOf'>,
    thumbnails: {
      of: async () => ({
        ...{ contentType: 'image/png', bytes: Buffer.alloc(bytes), sha256: Buffer.alloc(32) },
      }),
    },
    largeReads: new LargeReads(),
  };
  const path = { serverName: 'x' as ServerName, mediaId: 'm' };
  const query = {
    width: 640,
    height: 480,
    method: 'scale',
    animated: false,
    timeout_ms: 0,
    allow_remote: true,
  } as const;
  return {
    ask(who: string) {
      const answered = new AbortController();
      const ready = thumbnail({ path, query, signal: answered.signal }, ports, { who });
      return { ready, leave: () => answered.abort() };
    },
  };
}

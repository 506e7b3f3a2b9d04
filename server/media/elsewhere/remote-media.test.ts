import { expect, test } from 'vitest';
import { badGateway, MatrixError, notFound } from '../../protocol/matrix-error.ts';
import type { Entry, Key } from '../cache/entry-file.ts';
import { type FetchRemote, RemoteMedia } from './remote-media.ts';

const wish = { serverName: 'there.org', mediaId: 'x', timeoutMs: 0 };
const file = { contentType: 'text/plain', fileName: null, bytes: Buffer.from('hello') };

test('where nothing can be kept nothing is fetched', async () => {
  const { remote, asked } = subject(async () => file, { staysUpTo: 0 });
  await expect(remote.contentOf(wish, 'a')).rejects.toMatchObject({ status: 502 });
  expect(asked).toEqual([]);
});

test('no more is fetched than can be kept', async () => {
  const { remote, asked } = subject(async () => file, { staysUpTo: 77 });
  expect(await remote.contentOf(wish, 'a')).toMatchObject({ bytes: 5 });
  expect(asked).toEqual([{ ...wish, bytesMax: 77 }]);
});

test.each<[string, Partial<Parameters<typeof subject>[1]>, FetchRemote]>([
  ['is not kept', { keeps: false }, async () => file],
  ['the scanner refuses', { mayShow: false }, async () => file],
  ['does not come', {}, () => Promise.reject(badGateway('reset'))],
  ['is too large', {}, () => Promise.reject(new MatrixError(502, 'M_TOO_LARGE', 'large'))],
])(
  'what %s is not fetched again within a minute, and the others are',
  async (_what, how, fetch) => {
    const { remote, asked, clock } = subject(fetch, how);
    const failed = async (mediaId: string) =>
      remote.contentOf({ ...wish, mediaId }, 'a').then(
        () => undefined,
        (error: MatrixError) => `${error.status} ${error.errcode}`,
      );
    const first = await failed('x');
    expect(first).toMatch(/^(403|502) M_/);
    expect([await failed('x'), await failed('y')]).toEqual([first, first]);
    expect(asked.map(({ mediaId }) => mediaId)).toEqual(['x', 'y']);
    clock.ms += 60_000;
    await failed('x');
    expect(asked).toHaveLength(3);
  },
);

test.each<[string, Parameters<typeof subject>[1], FetchRemote]>([
  ['is not kept', { keeps: false }, async () => file],
  ['the scanner refuses', { mayShow: false }, async () => file],
  ['is too large', {}, () => Promise.reject(new MatrixError(502, 'M_TOO_LARGE', 'large'))],
])('what %s is so however long somebody waits', async (_what, how, fetch) => {
  const { remote, asked } = subject(fetch, how);
  for (const timeoutMs of [1, 2, 3])
    await expect(remote.contentOf({ ...wish, timeoutMs }, 'a')).rejects.toThrow();
  expect(asked).toHaveLength(1);
});

test('who waits for longer has it tried again, and so has everybody what may come any moment', async () => {
  const { remote, asked } = subject(async ({ mediaId }) => {
    throw mediaId === 'none' ? notFound('no') : badGateway('late');
  });
  for (const timeoutMs of [0, 0, 20_000, 10_000])
    await remote.contentOf({ ...wish, timeoutMs }, 'a').catch(() => {});
  expect(asked.map(({ timeoutMs }) => timeoutMs)).toEqual([0, 20_000]);
  for (let n = 0; n < 2; n += 1)
    await remote.contentOf({ ...wish, mediaId: 'none' }, 'a').catch(() => {});
  expect(asked).toHaveLength(4);
});

interface How {
  readonly staysUpTo?: number;
  readonly keeps?: boolean;
  readonly mayShow?: boolean;
}

function subject(
  fetch: FetchRemote,
  { staysUpTo = 1_000, keeps = true, mayShow = true }: How = {},
) {
  const clock = { ms: 1_000_000 };
  const asked: Parameters<FetchRemote>[0][] = [];
  const entries = new Map<string, Entry>();
  const nameOf = ({ of, how }: Key) => `${of} ${how}`;
  const cache = {
    staysUpTo: async () => staysUpTo,
    get: async (key: Key) => entries.get(nameOf(key)),
    async describe(key: Key) {
      const entry = entries.get(nameOf(key));
      return entry && { contentType: entry.contentType, length: entry.bytes.length };
    },
    async put(key: Key, entry: Entry) {
      if (keeps) entries.set(nameOf(key), entry);
    },
    read: () => {
      throw new Error('nobody reads');
    },
  };
  const remote = new RemoteMedia({
    cache,
    fetch: (wanted) => {
      asked.push(wanted);
      return fetch(wanted);
    },
    ...{ mayShow: async () => mayShow, now: () => clock.ms },
  });
  return { remote, asked, clock };
}

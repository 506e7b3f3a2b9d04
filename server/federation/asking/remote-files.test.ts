import { expect, test } from 'vitest';
import { ServerUnreachable } from '../federation-client.ts';
import { type Told, TooLong, Unusable } from '../reach.ts';
import { RemoteFiles } from './remote-files.ts';

const late = new ServerUnreachable('late', { cause: new DOMException('late', 'TimeoutError') });
const brokenOff = new ServerUnreachable('broken off', { cause: new Unusable('reset') });
const tooLong = new ServerUnreachable('too long', { cause: new TooLong('too long') });
const away = new ServerUnreachable('away', { cause: new Error('ECONNREFUSED') });

test.each([
  ['does not come in time', late, 'M_UNKNOWN'],
  ['breaks off', brokenOff, 'M_UNKNOWN'],
  ['is too large', tooLong, 'M_TOO_LARGE'],
])('of a server of which one file %s another one is given', async (_how, error, errcode) => {
  const { fetch } = subject({ one: error });
  await expect(fetch('one')).rejects.toMatchObject({ status: 502, errcode });
  expect((await fetch('other')).bytes.toString()).toBe('other');
});

test('a server that cannot be connected to is left alone for a minute', async () => {
  const { fetch, asked, clock } = subject({ one: away });
  for (const mediaId of ['one', 'other', 'third'])
    await expect(fetch(mediaId)).rejects.toMatchObject({ status: 502 });
  expect(asked).toEqual(['one']);
  clock.ms += 60_001;
  expect((await fetch('other')).bytes.toString()).toBe('other');
});

test('so is one that says nothing to two questions on end, and none that answers between them', async () => {
  const { fetch, asked } = subject({ one: late, two: late, three: late });
  for (const mediaId of ['one', 'other', 'two', 'three', 'last'])
    await fetch(mediaId).catch(() => {});
  expect(asked).toEqual(['one', 'other', 'two', 'three']);
});

test('two that were asked for at once are one question', async () => {
  const { fetch } = subject({ one: late, two: late });
  await Promise.allSettled([fetch('one'), fetch('two')]);
  expect((await fetch('other')).bytes.toString()).toBe('other');
});

test.each([404, 500])('that it has no such file (%i) is an answer, too', async (status) => {
  const { fetch } = subject({ one: late, none: status, two: late });
  for (const mediaId of ['one', 'none', 'two']) await fetch(mediaId).catch(() => {});
  expect((await fetch('other')).bytes.toString()).toBe('other');
});

/** A server whose files are their names, but for these. */
function subject(failing: Readonly<Record<string, Error | number>>) {
  const clock = { ms: 1_000_000 };
  const asked: string[] = [];
  const client = {
    async askForBytes(_server: string, { path }: { path: string }): Promise<Told> {
      const mediaId = /download\/(\w+)/.exec(path)![1]!;
      asked.push(mediaId);
      const failure = failing[mediaId];
      if (failure instanceof Error) throw failure;
      if (failure !== undefined) return { status: failure, headers: {}, body: Buffer.from('{}') };
      return {
        ...{ status: 200, headers: { 'content-type': 'multipart/mixed; boundary=b' } },
        body: Buffer.from(
          `--b\r\n\r\n{}\r\n--b\r\ncontent-type: text/plain\r\n\r\n${mediaId}\r\n--b--`,
        ),
      };
    },
  };
  const files = new RemoteFiles({ client, reach: {} as never, now: () => clock.ms });
  const wish = { serverName: 'there.org', timeoutMs: 0, bytesMax: 1_000 };
  return { asked, clock, fetch: (mediaId: string) => files.fetch({ ...wish, mediaId }) };
}

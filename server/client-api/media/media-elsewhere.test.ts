import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { startFederating } from '../../../test/support/federating.ts';
import { type Person, personAt } from '../../../test/support/two-servers.ts';
import { ServerUnreachable } from '../../federation/federation-client.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test('a file of another server is fetched from there, with its type and its name, once', async () => {
  const { alice, bob } = await withCache();
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 251));
  const path = await uploaded(bob, bytes, { type: 'image/png', name: 'kätzchen;.png' });
  const asked = vi.spyOn(alice.server.features.federationClient, 'askForBytes');
  for (let n = 0; n < 2; n += 1) {
    const got = await fetched(alice, path);
    expect(got.status).toBe(200);
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
    expect(got.headers.get('content-type')).toBe('image/png');
    expect(got.headers.get('content-disposition')).toBe(
      "inline; filename*=utf-8''k%C3%A4tzchen%3B.png",
    );
  }
  const part = await fetched(alice, path, { range: 'bytes=10-19' });
  expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([
    206,
    bytes.subarray(10, 20),
  ]);
  expect(asked).toHaveBeenCalledTimes(1);
});

test('thumbnails are made here of the file that was fetched', async () => {
  const { alice, bob } = await withCache();
  const path = await uploaded(bob, PIXEL, { type: 'image/png', name: 'p.png' });
  const url = `/_matrix/client/v1/media/thumbnail/${path}?width=32&height=32`;
  const got = await fetch(alice.server.origin + url, {
    headers: { authorization: `Bearer ${alice.token}` },
  });
  expect([got.status, got.headers.get('content-type')]).toEqual([200, 'image/png']);
});

test('what is not there, and what is not to be asked for elsewhere, is not found', async () => {
  const { alice, bob } = await withCache();
  const path = await uploaded(bob, PIXEL, { type: 'image/png', name: 'p.png' });
  const [none, alone] = [
    await fetched(alice, `${bob.server.name}/nothing`),
    await fetched(alice, `${path}?allow_remote=false`),
  ];
  expect([none.status, alone.status]).toEqual([404, 404]);
  const away = await fetched(alice, 'localhost:1/x');
  expect([away.status, (await away.json()).errcode]).toEqual([502, 'M_UNKNOWN']);
});

test('nobody without a token has another server asked', async () => {
  const { alice, bob } = await withCache({ withoutToken: true });
  const path = await uploaded(bob, PIXEL, { type: 'image/png', name: 'p.png' });
  const got = await fetch(`${alice.server.origin}/_matrix/media/v3/download/${path}`);
  expect(got.status).toBe(404);
});

test('a file that is larger than the cache takes is refused, and what cannot be kept too', async () => {
  const { alice, bob } = await withCache();
  const large = await uploaded(bob, Buffer.alloc(16 * 1_048_576 + 1), { type: 'x/y', name: 'x' });
  const got = await fetched(alice, large);
  expect([got.status, (await got.json()).errcode]).toEqual([502, 'M_TOO_LARGE']);
  const { alice: without, bob: other } = await withCache({}, 0);
  const path = await uploaded(other, PIXEL, { type: 'image/png', name: 'p.png' });
  expect((await fetched(without, path)).status).toBe(502);
});

test('what a server says a file is cannot become a header of ours', async () => {
  const { alice } = await withCache();
  vi.spyOn(alice.server.features.federationClient, 'askForBytes').mockResolvedValue({
    ...{ status: 200, headers: { 'content-type': 'multipart/mixed; boundary=b' } },
    body: Buffer.from(
      '--b\r\n\r\n{}\r\n--b\r\ncontent-type: text/html\x01\r\ncontent-disposition: inline; filename="../a\x01b"\r\n\r\nhi\r\n--b--',
    ),
  });
  const got = await fetched(alice, 'there.example.org/x');
  expect([got.status, await got.text()]).toEqual([200, 'hi']);
  expect(got.headers.get('content-type')).toBe('application/octet-stream');
  expect(got.headers.get('content-disposition')).toBe('attachment; filename=ab');
});

test('a file that lies elsewhere is not fetched from a private network, nor without TLS', async () => {
  const { alice } = await withCache({}, undefined, []);
  const asked = vi.spyOn(alice.server.features.federationClient, 'askForBytes');
  for (const [at, to] of ['http://there.example.org/x', 'https://127.0.0.1:1/x', '/x'].entries()) {
    asked.mockResolvedValue({
      ...{ status: 200, headers: { 'content-type': 'multipart/mixed; boundary=b' } },
      body: Buffer.from(`--b\r\n\r\n{}\r\n--b\r\nlocation: ${to}\r\n\r\n\r\n--b--`),
    });
    expect((await fetched(alice, `there.example.org/${at}`)).status).toBe(502);
  }
});

test('a server of before files were signed for is asked as it was then', async () => {
  const { alice } = await withCache();
  const asked = vi.spyOn(alice.server.features.federationClient, 'askForBytes');
  const unknown = { errcode: 'M_UNRECOGNIZED', error: 'No' };
  asked.mockResolvedValueOnce({
    status: 404,
    headers: {},
    body: Buffer.from(JSON.stringify(unknown)),
  });
  asked.mockResolvedValueOnce({
    ...{ status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from('old') },
  });
  expect(await (await fetched(alice, 'old.example.org/x')).text()).toBe('old');
  expect(asked.mock.calls.map(([, { path, isSigned }]) => [path.split('?')[0], isSigned])).toEqual([
    ['/_matrix/federation/v1/media/download/x', true],
    ['/_matrix/media/v3/download/old.example.org/x', false],
  ]);
});

test('who was silent is not asked again within a minute', async () => {
  const { alice } = await withCache();
  const asked = vi.spyOn(alice.server.features.federationClient, 'askForBytes');
  asked.mockRejectedValue(new ServerUnreachable('gone'));
  for (const id of ['x', 'y']) expect((await fetched(alice, `gone.org/${id}`)).status).toBe(502);
  expect(asked).toHaveBeenCalledTimes(1);
  alice.server.clock.ms += 60_001;
  await fetched(alice, 'gone.org/x');
  expect(asked).toHaveBeenCalledTimes(2);
});

/** One black point. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=',
  'base64',
);

async function withCache(
  media: { withoutToken?: boolean } = {},
  bytesMax = 100 * 1_048_576,
  allowNetworks = ['127.0.0.0/8', '::1'],
) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-media-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const mediaCache = { folder, bytesMax };
  const here = await startFederating(authority, {
    ...{ mediaCache, media, federation: { allowNetworks } },
  });
  const there = await startFederating(authority);
  return { alice: await personAt(here, 'alice'), bob: await personAt(there, 'bob') };
}

async function uploaded(
  { server, token }: Person,
  body: Buffer,
  { type, name }: { type: string; name: string },
): Promise<string> {
  const url = `${server.origin}/_matrix/media/v3/upload?filename=${encodeURIComponent(name)}`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': type };
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  const { content_uri } = (await answer.json()) as { content_uri: string };
  return content_uri.slice('mxc://'.length);
}

const fetched = ({ server, token }: Person, path: string, headers: Record<string, string> = {}) =>
  fetch(`${server.origin}/_matrix/client/v1/media/download/${path}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });

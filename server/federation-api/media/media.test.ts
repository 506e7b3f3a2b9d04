import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { startFederating } from '../../../test/support/federating.ts';
import { xMatrixHeader } from '../../protocol/x-matrix.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

test('a server is given a file in the second of two parts, with its name and type', async () => {
  const shared = await withPicture();
  const { status, type, parts } = await shared.download(`download/${shared.mediaId}`);
  expect([status, type]).toEqual([200, 'multipart/mixed']);
  expect(parts).toHaveLength(2);
  expect(parts[0]).toEqual({ head: ['content-type: application/json'], body: Buffer.from('{}') });
  expect(parts[1]).toEqual({
    head: ['content-type: image/png', 'content-disposition: inline; filename=a.png'],
    body: PICTURE,
  });
});

test('a server is given a thumbnail in the same way', async () => {
  const shared = await withPicture();
  const path = `thumbnail/${shared.mediaId}?width=32&height=32&method=scale`;
  const { status, parts } = await shared.download(path);
  expect(status).toBe(200);
  expect(parts[1]!.head[0]).toMatch(/^content-type: image\//);
  expect(parts[1]!.body.length).toBeGreaterThan(0);
});

test('there is nothing under a media id that is none of ours, and nothing for who signs nothing', async () => {
  const shared = await withPicture();
  expect((await shared.download('download/nothing')).status).toBe(404);
  const path = `/_matrix/federation/v1/media/download/${shared.mediaId}`;
  expect((await shared.here.ask(`GET ${path}`)).status).toBe(401);
});

async function withPicture() {
  const [here, there] = [await startFederating(authority), await startFederating(authority)];
  const token = await here.register('alice');
  const uploaded = await fetch(`${here.origin}/_matrix/media/v3/upload?filename=a.png`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'image/png' },
    body: PICTURE,
  });
  const { content_uri } = (await uploaded.json()) as { content_uri: string };
  return {
    ...{ here, mediaId: content_uri.split('/').at(-1)! },
    async download(path: string) {
      const uri = `/_matrix/federation/v1/media/${path}`;
      const request = { method: 'GET', uri, origin: there.name, destination: here.name };
      const headers = { authorization: xMatrixHeader(request, there.key) };
      const answer = await fetch(here.origin + uri, { headers });
      const [type, boundary = ''] = answer.headers.get('content-type')!.split('; boundary=');
      const bytes = Buffer.from(await answer.arrayBuffer());
      return { status: answer.status, type, parts: boundary ? partsOf(bytes, boundary) : [] };
    },
  };
}

/** By RFC 2046: a part ends where its line break belongs to the boundary behind it. */
function partsOf(bytes: Buffer, boundary: string) {
  const text = bytes.toString('latin1');
  const parts = text.split(`--${boundary}`);
  expect([parts[0], parts.at(-1)]).toEqual(['', '--\r\n']);
  return parts.slice(1, -1).map((part) => {
    const [head, ...body] = part.slice(2, -2).split('\r\n\r\n');
    return { head: head!.split('\r\n'), body: Buffer.from(body.join('\r\n\r\n'), 'latin1') };
  });
}

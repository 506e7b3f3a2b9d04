import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { besideSynapse } from '../support/beside-synapse.ts';
import { findSynapse } from './peer.ts';

/** Files of ours at a whole Synapse, and its at ours, over TLS. */
const python = findSynapse();

/** One black point. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=',
  'base64',
);
const LARGE = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));

interface Side {
  readonly fetch: typeof globalThis.fetch;
  readonly origin: string;
  readonly token: string;
}

describe.skipIf(python === undefined)('with Synapse', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farol-media-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const both = besideSynapse(python, { mediaCache: { folder, bytesMax: 100 * 1_048_576 } });
  const here = (): Side => ({ fetch, origin: both().ours.origin, token: both().alice.token });
  const there = (): Side => {
    const { synapse, bob } = both();
    return { fetch: synapse.fetch, origin: `https://${synapse.name}`, token: bob.token };
  };

  test.each<[string, () => Side, () => Side]>([
    ['ours', here, there],
    ['its', there, here],
  ])(
    'of %s a file is had on the other side, with its type and its name',
    async (_whose, from, to) => {
      for (const [body, type, name] of [
        [LARGE, 'application/pdf', 'plan.pdf'],
        [PIXEL, 'image/png', 'kätzchen.png'],
      ] as const) {
        const path = await uploaded(from(), body, { type, name });
        const got = await asked(to(), `download/${path}`);
        expect([got.status, got.headers.get('content-type')]).toEqual([200, type]);
        expect(Buffer.from(await got.arrayBuffer()).equals(body)).toBe(true);
        expect(decodeURIComponent(got.headers.get('content-disposition')!)).toContain(name);
      }
    },
  );

  test('of its picture a thumbnail is had here, and of a file that is gone nothing on either side', async () => {
    const path = await uploaded(there(), PIXEL, { type: 'image/png', name: 'p.png' });
    const small = await asked(here(), `thumbnail/${path}?width=32&height=32`);
    expect([small.status, small.headers.get('content-type')]).toEqual([200, 'image/png']);
    const { synapse, ours } = both();
    expect((await asked(here(), `download/${synapse.name}/nothing`)).status).toBe(404);
    expect((await asked(there(), `download/${ours.name}/nothing`)).status).toBe(404);
  });
});

/** The server and the id of it. */
async function uploaded(
  { fetch: ask, origin, token }: Side,
  body: Buffer,
  { type, name }: { type: string; name: string },
): Promise<string> {
  const answer = await ask(
    `${origin}/_matrix/media/v3/upload?filename=${encodeURIComponent(name)}`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      body: new Uint8Array(body),
    },
  );
  const { content_uri } = (await answer.json()) as { content_uri: string };
  return content_uri.slice('mxc://'.length);
}

const asked = ({ fetch: ask, origin, token }: Side, path: string) =>
  ask(`${origin}/_matrix/client/v1/media/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });

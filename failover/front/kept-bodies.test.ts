import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { raiseSite } from '../../test/support/front-site.ts';
import { raiseWriter } from '../../test/support/front-writer.ts';
import { KeptBodies } from './kept-bodies.ts';
import { Wholes } from './wholes.ts';

const KIB = 1024;

test('what was passed on is sent again by the front when the writer says that it is the same', async () => {
  await using site = await raiseSite();
  await using writer = await raisePicture();
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const first = await site.get('/picture');
  const again = await site.get('/picture');
  expect(writer.answered).toEqual([200, 304]);
  expect(again.json).toEqual(writer.picture);
  expect([again.status, shown(again.headers)]).toEqual([200, shown(first.headers)]);
});

test('who may not have it is not given it, whoever was before', async () => {
  await using site = await raiseSite();
  await using writer = await raisePicture();
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.get('/picture');
  const told = await site.get('/picture', { authorization: 'Bearer stranger' });
  expect(told).toMatchObject({ status: 403, json: { errcode: 'M_FORBIDDEN' } });
});

test('what has become another is sent as it is now', async () => {
  await using site = await raiseSite();
  await using writer = await raisePicture();
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.get('/picture');
  writer.becomesAnother();
  expect((await site.get('/picture')).json).toEqual(writer.picture);
  expect((await site.get('/picture')).json).toEqual(writer.picture);
  expect(writer.answered).toEqual([200, 200, 304]);
});

test.each([
  ['a part', { range: 'bytes=0-9' }],
  ['nothing where the client has it', { 'if-none-match': '"none"' }],
])('who asks for %s is answered by the writer alone', async (_what, asked) => {
  await using site = await raiseSite();
  await using writer = await raisePicture();
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.get('/picture');
  expect((await site.get('/picture', asked)).status).toBe(200);
  expect(writer.answered).toEqual([200, 200]);
});

test('one that is being sent stays as it is when others have taken its room, and its place is theirs behind that', () => {
  const wholes = new Wholes();
  const kept = new KeptBodies(256 * KIB);
  passOn(kept, wholes, '/1');
  const lent = kept.lend(asked('/1'))!;
  const { body } = lent.answer(notModified);
  passOn(kept, wholes, '/2');
  passOn(kept, wholes, '/3');
  expect(kept.lend(asked('/1'))).toBeUndefined();
  expect(body).toEqual(Buffer.alloc(128 * KIB, '/1'));
  const free = wholes.freeBytes;
  lent[Symbol.dispose]();
  expect(wholes.freeBytes - free).toBe(128 * KIB);
});

test('those go first that were asked for longest ago', () => {
  const wholes = new Wholes();
  const kept = new KeptBodies(256 * KIB);
  for (const path of ['/1', '/2']) passOn(kept, wholes, path);
  kept.lend(asked('/1'))![Symbol.dispose]();
  passOn(kept, wholes, '/3');
  expect(['/1', '/2', '/3'].map((path) => kept.lend(asked(path)) !== undefined)).toEqual([
    true,
    false,
    true,
  ]);
});

test('one that the writer has no more is let go of', () => {
  const wholes = new Wholes();
  const kept = new KeptBodies();
  passOn(kept, wholes, '/1');
  kept.note(asked('/1'), { status: 404, headers: {}, body: Buffer.from('{}'), over: () => {} });
  expect([kept.lend(asked('/1')), wholes.freeBytes]).toEqual([undefined, 128 * KIB]);
});

interface Passed {
  readonly path?: string;
  readonly status?: number;
  readonly bytes?: number;
  readonly headers?: object;
}

test.each<[string, Passed]>([
  ['without an ETag', { headers: { etag: undefined } }],
  ['with a weak ETag', { headers: { etag: 'W/"it"' } }],
  ['with a token in its path', { path: '/1?access_token=secret' }],
  ['that is short', { bytes: 1_000 }],
  ['that is long', { bytes: 3_000_000 }],
  ['that is a refusal', { status: 403 }],
])('of an answer %s nothing is kept', (_what, passed) => {
  const kept = new KeptBodies();
  const { path = '/1' } = passed;
  passOn(kept, new Wholes(), path, passed);
  expect(kept.lend(asked(path))).toBeUndefined();
});

const asked = (url: string) => ({ method: 'GET', url, headers: { passed: [], host: undefined } });
const notModified = { status: 304, headers: {}, body: Buffer.alloc(0), over: () => {} };

/** An answer from its first byte to when its client has it. */
function passOn(
  kept: KeptBodies,
  wholes: Wholes,
  path: string,
  { status = 200, bytes = 128 * KIB, headers = {} }: Omit<Passed, 'path'> = {},
) {
  const whole = wholes.take(bytes);
  const body = whole.place.subarray(0, bytes).fill(path);
  const own = { etag: '"it"', 'accept-ranges': 'bytes', 'content-length': String(bytes) };
  const answer = { status, headers: { ...own, ...headers }, body, whole, over: () => {} };
  kept.note(asked(path), answer);
  whole.letGo();
}

/** A writer that gives one picture to everybody who is no stranger. */
async function raisePicture() {
  const raised = { picture: another(), answered: [] as number[] };
  const answer = ({ headers }: IncomingMessage, response: ServerResponse) => {
    if (headers.authorization === 'Bearer stranger')
      return response.writeHead(403).end('{"errcode":"M_FORBIDDEN"}');
    const body = JSON.stringify(raised.picture);
    const etag = `"${raised.picture.of}"`;
    const status = headers['if-none-match'] === etag ? 304 : 200;
    raised.answered.push(status);
    response.writeHead(status, {
      ...{ etag, 'accept-ranges': 'bytes', 'content-type': 'image/png' },
      ...(status === 200 && { 'content-length': body.length }),
    });
    return response.end(status === 200 ? body : undefined);
  };
  const { url, ...writer } = await raiseWriter(answer);
  return Object.assign(raised, {
    url,
    becomesAnother() {
      raised.picture = another();
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  });
}

const another = () => ({
  of: randomBytes(8).toString('hex'),
  pixels: randomBytes(100_000).toString('hex'),
});

/** What of an answer's head is about what it brings. */
const shown = (headers: Record<string, unknown>) =>
  Object.fromEntries(
    ['etag', 'content-type', 'content-length', 'accept-ranges'].map((name) => [
      name,
      headers[name],
    ]),
  );

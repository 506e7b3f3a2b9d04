import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { raiseSite } from '../../test/support/front-site.ts';
import { raiseWriter } from '../../test/support/front-writer.ts';
import { KeptBodies } from './kept-bodies.ts';
import { Shares } from './shares.ts';
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

test('who has no room for it in memory is sent it by the writer', async () => {
  await using site = await raiseSite({ hold: { bytesMax: 8 * 256 * KIB } });
  await using writer = await raisePicture();
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.get('/picture');
  const stalled = beginBody(site, 100 * KIB);
  await vi.waitFor(() => expect(site.front.count.heldBytes()).toBe(100 * KIB));
  expect((await site.get('/picture')).json).toEqual(writer.picture);
  expect(writer.answered).toEqual([200, 200]);
  stalled.destroy();
  await vi.waitFor(() => expect(site.front.count.heldBytes()).toBe(0));
  await site.get('/picture');
  expect(writer.answered).toEqual([200, 200, 304]);
});

test('who has no room any more when the writer has answered is sent it by the writer', async () => {
  await using site = await raiseSite({ hold: { bytesMax: 8 * 256 * KIB } });
  await using writer = await raisePicture();
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.get('/picture');
  writer.beforeNext = async () => {
    beginBody(site, 100 * KIB);
    await vi.waitFor(() => expect(site.front.count.heldBytes()).toBe(100 * KIB));
  };
  expect((await site.get('/picture')).json).toEqual(writer.picture);
  expect(writer.answered).toEqual([200, 304, 200]);
  await vi.waitFor(() => expect(site.front.count.heldBytes()).toBe(100 * KIB));
});

test('nothing is taken any more when clients have it, or have gone', async () => {
  await using site = await raiseSite();
  await using writer = await raisePicture();
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.get('/picture');
  await site.get('/picture');
  const leaving = connect({ port: site.port, ca: site.ca, checkServerIdentity: () => undefined });
  leaving.write('GET /picture HTTP/1.1\r\nHost: f\r\nAuthorization: Bearer token\r\n\r\n');
  leaving.once('readable', () => leaving.destroy());
  await vi.waitFor(() => expect(leaving.destroyed).toBe(true));
  await vi.waitFor(() => expect(site.front.count.inFlight()).toBe(0));
  expect(writer.answered).toEqual([200, 304, 304]);
  expect(site.front.count.heldBytes()).toBe(0);
});

test('one that is sent counts in the memory of who asks, once for each, until it is over', () => {
  const memory = new Shares(8 * 256 * KIB);
  const kept = new KeptBodies(memory);
  passOn(kept, new Wholes(), '/1');
  const lent = [kept.lend(asked('/1'), notModified)!, kept.lend(asked('/1'), notModified)!];
  expect(memory.taken).toBe(256 * KIB);
  expect(kept.asking(asked('/1'))).toBeUndefined();
  expect(kept.lend(asked('/1'), notModified)).toBeUndefined();
  expect(kept.lend(asked('/1', 'bob'), notModified)).toBeDefined();
  expect(memory.taken).toBe(384 * KIB);
  for (const each of [0, 1, 0]) lent[each]!.over();
  expect(memory.taken).toBe(128 * KIB);
});

test('nothing is held for a request that asks', () => {
  const [memory, wholes] = [new Shares(8 * 256 * KIB), new Wholes()];
  const kept = new KeptBodies(memory, 129 * KIB);
  passOn(kept, wholes, '/1');
  expect(kept.asking(asked('/1'))!.headers.passed).toEqual(['if-none-match', '"it"']);
  expect(memory.taken).toBe(0);
  passOn(kept, wholes, '/2');
  expect(wholes.freeBytes).toBe(128 * KIB);
  expect(kept.lend(asked('/1'), notModified)).toBeUndefined();
});

test('what has become another since the writer was asked is not sent as the one that it named', () => {
  const kept = keeping();
  passOn(kept, new Wholes(), '/1');
  kept.asking(asked('/1'));
  passOn(kept, new Wholes(), '/1', { headers: { etag: '"other"' } });
  expect(kept.lend(asked('/1'), notModified)).toBeUndefined();
});

test('one that is being sent stays as it is when others have taken its room, and its place is theirs behind that', () => {
  const wholes = new Wholes();
  const kept = keeping(257 * KIB);
  passOn(kept, wholes, '/1');
  const { body, over } = kept.lend(asked('/1'), notModified)!;
  passOn(kept, wholes, '/2');
  passOn(kept, wholes, '/3');
  passOn(kept, wholes, '/4');
  expect(kept.asking(asked('/1'))).toBeUndefined();
  expect(body).toEqual(Buffer.alloc(128 * KIB, '/1'));
  const free = wholes.freeBytes;
  over();
  expect(wholes.freeBytes - free).toBe(128 * KIB);
});

test('those go first that were asked for longest ago', () => {
  const wholes = new Wholes();
  const kept = keeping(257 * KIB);
  for (const path of ['/1', '/2']) passOn(kept, wholes, path);
  kept.lend(asked('/1'), notModified)!.over();
  passOn(kept, wholes, '/3');
  expect(are(kept, '/1', '/2', '/3')).toEqual([true, false, true]);
});

test('who brings many takes nothing from those who brought less, under however many paths', () => {
  const kept = keeping(600 * KIB);
  passOn(kept, new Wholes(), '/of-bob', { by: 'bob' });
  for (let n = 0; n < 20; n += 1) {
    passOn(kept, new Wholes(), `/${n}`);
    passOn(kept, new Wholes(), '/of-bob');
  }
  expect(are(kept, '/of-bob', '/19', '/18', '/17', '/16')).toEqual([true, true, true, true, false]);
});

test('strangers count as one, wherever they are', () => {
  const kept = keeping(600 * KIB);
  for (const n of [1, 2]) passOn(kept, new Wholes(), `/of-bob-${n}`, { by: 'bob' });
  for (let n = 0; n < 20; n += 1)
    passOn(kept, new Wholes(), `/${n}`, { by: `192.0.2.${n}`, known: false });
  expect(are(kept, '/of-bob-1', '/of-bob-2', '/19')).toEqual([true, true, true]);
});

test('a path counts, however long it is', () => {
  const kept = keeping(300 * KIB);
  passOn(kept, new Wholes(), '/1');
  passOn(kept, new Wholes(), `/${'2'.repeat(60 * KIB)}`);
  expect(are(kept, '/1')).toEqual([false]);
});

test('one that the writer has no more is let go of', () => {
  const wholes = new Wholes();
  const kept = keeping();
  passOn(kept, wholes, '/1');
  kept.note(asked('/1'), { status: 404, headers: {}, body: Buffer.from('{}'), over: () => {} });
  expect([kept.asking(asked('/1')), wholes.freeBytes]).toEqual([undefined, 128 * KIB]);
});

test.each([
  '/1?width=96&height=96&method=crop&animated=false',
  '/1?timeout_ms=20000&allow_redirect=true',
])('a file or a thumbnail is kept: %s', (path) => {
  const kept = keeping();
  passOn(kept, new Wholes(), path);
  expect(are(kept, path)).toEqual([true]);
});

interface Passed {
  readonly by?: string;
  readonly known?: boolean;
  readonly path?: string;
  readonly status?: number;
  readonly bytes?: number;
  readonly headers?: object;
}

test.each<[string, Passed]>([
  ['without an ETag', { headers: { etag: undefined } }],
  ['with a weak ETag', { headers: { etag: 'W/"it"' } }],
  ['with a token in its path', { path: '/1?access_token=secret' }],
  ['with a token behind what says which it is', { path: '/1?width=96&access_token=secret' }],
  ['with a token spelled in another way', { path: '/1?access%5Ftoken=secret' }],
  ['with something else in its query', { path: '/1?x=1' }],
  ['that is short', { bytes: 1_000 }],
  ['that is long', { bytes: 3_000_000 }],
  ['that is a refusal', { status: 403 }],
])('of an answer %s nothing is kept', (_what, passed) => {
  const kept = keeping();
  const { path = '/1' } = passed;
  passOn(kept, new Wholes(), path, passed);
  expect(are(kept, path)).toEqual([false]);
});

const keeping = (bytesMax?: number) => new KeptBodies(new Shares(64 * KIB * KIB), bytesMax);
const asked = (url: string, key = 'alice', known = true) => ({
  ...{ method: 'GET', url, taker: { key, known } },
  headers: { passed: [], host: undefined },
});
const notModified = {
  ...{ status: 304, headers: { etag: '"it"' } },
  ...{ body: Buffer.alloc(0), over: () => {} },
};
/** Which of these are kept. */
const are = (kept: KeptBodies, ...paths: string[]) =>
  paths.map((path) => kept.asking(asked(path)) !== undefined);

/** An answer from its first byte to when its client has it. */
function passOn(
  kept: KeptBodies,
  wholes: Wholes,
  path: string,
  { by, known, status = 200, bytes = 128 * KIB, headers = {} }: Omit<Passed, 'path'> = {},
) {
  const whole = wholes.take(bytes);
  const body = whole.place.subarray(0, bytes).fill(path);
  const own = { etag: '"it"', 'accept-ranges': 'bytes', 'content-length': String(bytes) };
  const answer = { status, headers: { ...own, ...headers }, body, whole, over: () => {} };
  kept.note(asked(path, by, known), answer);
  whole.letGo();
}

/** Sends so much of a longer body, and then nothing. */
function beginBody({ port, ca }: { port: number; ca: Buffer }, bytes: number) {
  const socket = connect({ port, ca, checkServerIdentity: () => undefined });
  onTestFinished(() => void socket.destroy());
  const head = ['PUT / HTTP/1.1', 'Host: f', 'Authorization: Bearer token'];
  socket.write(`${[...head, `Content-Length: ${bytes + 1}`].join('\r\n')}\r\n\r\n`);
  socket.write(Buffer.alloc(bytes));
  return socket;
}

/** A writer that gives one picture to everybody who is no stranger. */
async function raisePicture() {
  const raised = {
    picture: another(),
    answered: [] as number[],
    beforeNext: async () => {},
  };
  const answer = async ({ headers }: IncomingMessage, response: ServerResponse) => {
    await raised.beforeNext();
    raised.beforeNext = async () => {};
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

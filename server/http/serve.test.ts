import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { mounted } from '../../test/support/mounted.ts';
import { openGate, UNLIMITED } from '../../test/support/open-gate.ts';
import {
  BuiltOnRefused,
  DatabaseUnavailable,
  NotWriter,
  OutcomeUnknown,
  TooManyRefused,
  TooManyWaiting,
} from '../log/log.ts';
import type { Once, OnceKey, Outcome } from '../log/outcomes.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { Answer, jsonPieces, jsonText, type Pieces, wholeAnswer } from './answer.ts';
import { schemes } from './auth/schemes.ts';
import { endpoint } from './endpoint.ts';
import { roomId, wholeNumber } from './fields.ts';
import type { Gate } from './gate.ts';
import { RateLimits } from './rate-limits.ts';
import { serve } from './serve.ts';

interface Ports {
  seen: unknown[];
}

const echo = endpoint({
  operation: 'echo',
  routes: ['PUT /rooms/{roomId}/echo'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({ limit: wholeNumber.optional() }),
  body: { json: z.object({ text: z.string().optional() }), bytesMax: 1_000 },
  async handle({ caller, path, query, body }, { seen }: Ports) {
    seen.push(body);
    return { user: caller.userId, ...path, ...query, ...body };
  },
});

const raw = endpoint({
  operation: 'raw',
  routes: ['GET /raw'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  handle: async () => jsonText('{"made":"by hand"}'),
});

const pieces = ['{"made":', '"in ', 'pieces"}'];
const inPieces = endpoint({
  operation: 'inPieces',
  routes: ['GET /pieces'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  handle: async () => jsonPieces(pieces),
});

const constant = endpoint({
  operation: 'constant',
  routes: ['GET /constant'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  servedBy: 'any',
  handle: async () => ({ versions: [] }),
});

/** Takes any JSON, however large. */
const deep = endpoint({
  operation: 'deep',
  routes: ['PUT /deep'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  body: { json: z.unknown() },
  handle: async () => ({}),
});

const form = endpoint({
  operation: 'form',
  routes: ['POST /form'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  body: { form: z.object({ name: z.string() }), bytesMax: 1_000 },
  handle: async ({ body }) => body,
});

/** As other frameworks have their handlers. */
const foreign = async (request: Request): Promise<Response> => {
  const name = (await request.formData()).get('name');
  return new Response(`Go on, ${name}`, { status: 303, headers: { location: '/there' } });
};

const elsewhere = endpoint({
  operation: 'elsewhere',
  routes: ['POST /elsewhere'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'request',
  body: { form: z.record(z.string(), z.string()) },
  async handle({ body, once }, { seen }: Ports) {
    const request = new Request('http://x/', { method: 'POST', body: new URLSearchParams(body) });
    const response = await foreign(request);
    const headers = Object.fromEntries(response.headers);
    const answer = new Answer(response.status, headers, await response.text());
    seen.push(once.outcome(answer.status, wholeAnswer(answer)));
    return answer;
  },
});

const nested = (depth: number, inner = '1') => '['.repeat(depth) + inner + ']'.repeat(depth);

const fails = (error: Error) =>
  endpoint({
    operation: 'fails',
    routes: ['POST /fails'],
    auth: 'nobody',
    rateLimit: 'none',
    idempotency: 'request',
    handle: async () => {
      throw error;
    },
  });

const start = (instead: Partial<Gate<Ports>> = {}, error: Error = new Error('a bug')) =>
  serve(
    mounted([echo, raw, inPieces, constant, deep, form, elsewhere, fails(error)]),
    openGate<Ports>({ seen: [] }, instead),
  );

async function ask(
  path: string,
  { body = '{}', ...options }: RequestInit = {},
  instead: Partial<Gate<Ports>> = {},
) {
  await using server = await start(instead);
  const answer = await fetch(server.origin + path, {
    method: 'PUT',
    headers: { authorization: 'Bearer alice-token' },
    body,
    ...options,
  });
  const json = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, errcode: json.errcode, json, headers: answer.headers };
}

const DEEP = '/deep';
const ROOM = `/rooms/${encodeURIComponent('!a:b')}/echo`;

test('a handler gets its caller, and path, query and body as parsed', async () => {
  const { status, json } = await ask(`${ROOM}?limit=5`, { body: '{"text":"hi","more":1}' });
  expect(status).toBe(200);
  expect(json).toEqual({ user: '@alice:example.org', roomId: '!a:b', limit: 5, text: 'hi' });
});

test('an answer in pieces is one to the client, and others have their turn between them', async () => {
  await using server = await start();
  const answer = await fetch(`${server.origin}/pieces`);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(await answer.json()).toEqual({ made: 'in pieces' });
  let turns = 0;
  const tick = () => {
    turns += 1;
    ticking = setImmediate(tick);
  };
  let ticking = setImmediate(tick);
  const turnsAt: number[] = [];
  for await (const _piece of jsonPieces(pieces).body as Pieces) turnsAt.push(turns);
  clearImmediate(ticking);
  expect(new Set(turnsAt).size).toBe(pieces.length);
});

test('an answer made by hand is sent as it is, to any origin', async () => {
  await using server = await start();
  const answer = await fetch(`${server.origin}/raw`);
  expect(await answer.text()).toBe('{"made":"by hand"}');
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('etag')).toBeNull();
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test.each<[string, string, RequestInit, number, string]>([
  ['no token', ROOM, { headers: {} }, 401, 'M_MISSING_TOKEN'],
  [
    'a token of another scheme',
    ROOM,
    { headers: { authorization: 'Basic x' } },
    401,
    'M_MISSING_TOKEN',
  ],
  ['an unknown token', ROOM, { headers: { authorization: 'Bearer x' } }, 401, 'M_UNKNOWN_TOKEN'],
  ['an unknown path', '/nowhere', {}, 404, 'M_UNRECOGNIZED'],
  ['a known path with more behind it', `${ROOM}/more`, {}, 404, 'M_UNRECOGNIZED'],
  ['a wrong method', ROOM, { method: 'POST' }, 405, 'M_UNRECOGNIZED'],
  ['%zz in the path', '/rooms/%zz/echo', {}, 400, 'M_INVALID_PARAM'],
  ['bad UTF-8 in the path', '/rooms/%ff/echo', {}, 400, 'M_INVALID_PARAM'],
  ['U+0000 in the path', '/rooms/!a%00:b/echo', {}, 400, 'M_INVALID_PARAM'],
  ['a room id without its sigil', '/rooms/a:b/echo', {}, 400, 'M_INVALID_PARAM'],
  ['%zz in the query', `${ROOM}?limit=%zz`, {}, 400, 'M_INVALID_PARAM'],
  ['a limit that is no number', `${ROOM}?limit=many`, {}, 400, 'M_INVALID_PARAM'],
  ['malformed JSON', ROOM, { body: '{"text":' }, 400, 'M_NOT_JSON'],
  ['no body', ROOM, { body: '' }, 400, 'M_NOT_JSON'],
  [
    'bad UTF-8 in the body',
    ROOM,
    { body: Buffer.from('{"text":"\xff"}', 'latin1') },
    400,
    'M_NOT_JSON',
  ],
  ['JSON of another shape', ROOM, { body: '[]' }, 400, 'M_BAD_JSON'],
  ['a field of the wrong type', ROOM, { body: '{"text":1}' }, 400, 'M_BAD_JSON'],
  ['U+0000 in the body', ROOM, { body: '{"text":"a\\u0000"}' }, 400, 'M_BAD_JSON'],
  ['U+0000 in a key deep in the body', ROOM, { body: '{"x":[{"\\u0000":1}]}' }, 400, 'M_BAD_JSON'],
  ['half a surrogate pair', ROOM, { body: '{"text":"\\ud83d"}' }, 400, 'M_BAD_JSON'],
  ['a body too deep to walk', DEEP, { body: nested(201) }, 400, 'M_BAD_JSON'],
  ['a body of too many values', DEEP, { body: `[${'1,'.repeat(65_536)}1]` }, 400, 'M_BAD_JSON'],
  [
    'too many values, one of them with an escape',
    DEEP,
    { body: `["\\ud83d\\ude00",${'1,'.repeat(200_000)}1]` },
    400,
    'M_BAD_JSON',
  ],
  ['1e999 in the body', ROOM, { body: '{"x":[1,1e999]}' }, 400, 'M_BAD_JSON'],
  ['-1E+400 in the body', ROOM, { body: '{"x":-1E+400}' }, 400, 'M_BAD_JSON'],
  ['a number of 400 digits', ROOM, { body: `{"x":${'9'.repeat(400)}}` }, 400, 'M_BAD_JSON'],
  ['a body above its limit', ROOM, { body: `{"text":"${'x'.repeat(1_000)}"}` }, 413, 'M_TOO_LARGE'],
])('%s is answered with its errcode', async (_what, path, options, status, errcode) => {
  const answer = await ask(path, options);
  expect([answer.status, answer.errcode]).toEqual([status, errcode]);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
});

test('a body may be as deep as anybody needs, and brackets in its strings are letters', async () => {
  const texts = ['[', '\\', '"', '\\"['].map((text) => JSON.stringify(text.repeat(300)));
  for (const inner of ['1', ...texts]) {
    const { status } = await ask(DEEP, { body: nested(199, inner) });
    expect(status).toBe(200);
  }
});

test('a whole surrogate pair, escaped, is a character like any other', async () => {
  const { json } = await ask(ROOM, { body: '{"text":"\\ud83d\\ude00"}' });
  expect(json.text).toBe('😀');
});

test.each<[string, string | Uint8Array, number, object]>([
  ['a form', 'name=a+b%C3%A9&more=1', 200, { name: 'a bé' }],
  ['one without a field', 'other=1', 400, { errcode: 'M_MISSING_PARAM' }],
  ['one with a field twice', 'name=1&name=2', 400, { errcode: 'M_INVALID_PARAM' }],
  ['one that is wrongly encoded', 'name=%zz', 400, { errcode: 'M_INVALID_PARAM' }],
  ['one with a U+0000', 'name=a%00', 400, { errcode: 'M_INVALID_PARAM' }],
  ['one with a plain U+0000', 'name=a\0', 400, { errcode: 'M_INVALID_PARAM' }],
  [
    'one that is not UTF-8',
    Buffer.from('name=\xff', 'latin1'),
    400,
    { errcode: 'M_INVALID_PARAM' },
  ],
  ['one that is too long', `name=${'x'.repeat(1_000)}`, 413, { errcode: 'M_TOO_LARGE' }],
])('what a page sends is read as a query is: %s', async (_what, body, status, said) => {
  const answer = await ask('/form', { method: 'POST', body: body as BodyInit });
  expect([answer.status, answer.json]).toMatchObject([status, said]);
});

test('the token may stand in the query, as clients of before v1.11 send it', async () => {
  const { status } = await ask(`${ROOM}?access_token=alice-token`, { headers: {} });
  expect(status).toBe(200);
});

test('where no token is asked for, none is looked at', async () => {
  await using server = await start();
  const headers = { authorization: 'Basic x' };
  expect((await fetch(`${server.origin}/raw`, { headers })).status).toBe(200);
});

test('a caller may be known by their body, which the handler gets too', async () => {
  using _signed = vi.spyOn(schemes, 'user').mockImplementation(async ({ body }) => {
    const said = (await body()).value as { text: UserId };
    return { kind: 'user', userId: said.text, deviceId: 'D' };
  });
  const { json } = await ask(ROOM, { headers: {}, body: '{"text":"@carol:b"}' });
  expect(json).toMatchObject({ user: '@carol:b', text: '@carol:b' });
});

test('a body of unknown length is read no further than its limit', async () => {
  await using server = await start();
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  socket.write(`PUT ${ROOM} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer alice-token\r\n`);
  socket.write('transfer-encoding: chunked\r\n\r\n');
  socket.write(`7d0\r\n${'x'.repeat(2_000)}\r\n`);
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 413 .*connection: close/is);
  socket.destroy();
});

test('whoever sends too much may send the rest, and is not reset before they have read why', async () => {
  await using server = await start();
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  const [bytes, answered] = [1024 * 1024, once(socket, 'data')];
  socket.write(`PUT ${ROOM} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer alice-token\r\n`);
  socket.write(`content-length: ${bytes}\r\n\r\n`);
  expect(String((await answered)[0])).toMatch(/^HTTP\/1.1 413 .*connection: close/is);
  socket.write('x'.repeat(bytes));
  await once(socket, 'close');
  expect(errors).toEqual([]);
});

test('of a body in many small pieces no more is kept than its limit', async () => {
  await using server = await start();
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  socket.setNoDelay(true);
  const answered = once(socket, 'data');
  socket.write(`PUT ${ROOM} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer alice-token\r\n`);
  socket.write('transfer-encoding: chunked\r\n\r\n');
  for (let chunk = 0; chunk < 11; chunk += 1)
    await new Promise((sent) => socket.write(`64\r\n${'x'.repeat(100)}\r\n`, sent));
  const [answer] = await answered;
  expect(String(answer)).toMatch(/^HTTP\/1.1 413 .*connection: close/is);
  socket.destroy();
});

test('a preflight request is told what is allowed, on any path and without a token', async () => {
  await using server = await start();
  const answer = await fetch(server.origin + ROOM, { method: 'OPTIONS' });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-methods')).toBe(
    'GET, POST, PUT, DELETE, OPTIONS',
  );
  expect(answer.headers.get('access-control-allow-headers')).toMatch(/Authorization/);
});

test('a wrong method is told the right ones', async () => {
  const { headers } = await ask(ROOM, { method: 'DELETE' });
  expect(headers.get('allow')).toBe('PUT, OPTIONS');
});

test('above its rate a caller is told when to come again, and others are not held up', async () => {
  const rateLimits = new RateLimits({ ...UNLIMITED, write: { perSecond: 0.5, burst: 1 } }, () => 0);
  expect((await ask(ROOM, {}, { rateLimits })).status).toBe(200);
  const second = await ask(ROOM, {}, { rateLimits });
  expect([second.status, second.errcode]).toEqual([429, 'M_LIMIT_EXCEEDED']);
  expect(second.json.retry_after_ms).toBe(2_000);
  expect(second.headers.get('retry-after')).toBe('2');
  const other = { headers: { authorization: 'Bearer bob-token' } };
  expect((await ask(ROOM, other, { rateLimits })).status).toBe(200);
});

test('a server that is not the writer says so before it reads the body', async () => {
  await using server = await start({ mayAnswer: () => false });
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  socket.write(`PUT ${ROOM} HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n`);
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 503 .*x-farol-not-writer: 1/s);
  expect(String(answer)).toMatch(/retry-after: 1/i);
  socket.destroy();
});

test('what any server may say is said while there is no writer, and nothing else', async () => {
  await using server = await start({ mayAnswer: () => false });
  const statusOf = async (path: string) => (await fetch(server.origin + path)).status;
  expect(await statusOf('/constant')).toBe(200);
  expect([await statusOf('/raw'), await statusOf('/unknown')]).toEqual([503, 503]);
});

test('a front that asks whether this is the writer gets no answer that any server may give', async () => {
  const asks = { headers: { 'x-farol-probe': '1' } };
  await using server = await start({ mayAnswer: () => false, behindFront: true });
  const told = await fetch(`${server.origin}/constant`, asks);
  expect([told.status, told.headers.get('x-farol-not-writer')]).toEqual([503, '1']);
  await using writer = await start({ behindFront: true });
  expect((await fetch(`${writer.origin}/constant`, asks)).status).toBe(200);
  await using alone = await start({ mayAnswer: () => false });
  expect((await fetch(`${alone.origin}/constant`, asks)).status).toBe(200);
});

test('an answer that is ready only after the deadline is not given', async () => {
  let asked = 0;
  const { status, headers } = await ask(ROOM, {}, { mayAnswer: () => asked++ === 0 });
  expect([status, headers.get('x-farol-not-writer')]).toEqual([503, '1']);
});

test('a change that was certainly not executed is offered to another writer', async () => {
  await using server = await start({}, new NotWriter('lost the epoch'));
  const answer = await fetch(`${server.origin}/fails`, { method: 'POST' });
  expect([answer.status, answer.headers.get('x-farol-not-writer')]).toEqual([503, '1']);
});

test.each([new TooManyRefused(20_000), new TooManyWaiting()])(
  'what lies with one user alone is told to them, and not to the front: $name',
  async (error) => {
    await using server = await start({}, error);
    const answer = await fetch(`${server.origin}/fails`, { method: 'POST' });
    expect([answer.status, answer.headers.get('x-farol-not-writer')]).toEqual([429, null]);
    expect(await answer.json()).toMatchObject({ retry_after_ms: error.waitMs });
  },
);

test('a change that was built on what the database refused, again and again, may be asked for later', async () => {
  await using server = await start({}, new BuiltOnRefused('it shares memory with poison'));
  const answer = await fetch(`${server.origin}/fails`, { method: 'POST' });
  expect([answer.status, answer.headers.get('x-farol-not-writer')]).toEqual([429, null]);
});

test('where nobody knows the outcome the connection is cut without an answer', async () => {
  await using server = await start({}, new OutcomeUnknown('the database went away'));
  await expect(fetch(`${server.origin}/fails`, { method: 'POST' })).rejects.toThrow('fetch failed');
});

test('what fails behind an answer is logged, and the server goes on', async () => {
  const logged: unknown[] = [];
  let answers = 0;
  const onAnswered = () => {
    answers += 1;
    if (answers === 1) throw new Error('a bug in the metrics');
  };
  const logger = { ...openGate<Ports>({ seen: [] }).logger, isLevelEnabled: () => false };
  logger.error = (...said: unknown[]) => void logged.push(...said);
  await using server = await start({ onAnswered, logger });
  for (let n = 0; n < 2; n++)
    expect(await (await fetch(`${server.origin}/raw`)).json()).toEqual({ made: 'by hand' });
  expect(logged).toMatchObject([{ err: { message: 'a bug in the metrics' } }, 'request failed']);
});

test('past the deadline not even a refusal is told', async () => {
  let asked = 0;
  await using server = await start({ mayAnswer: () => asked++ === 0 }, new Error('forbidden'));
  await expect(fetch(`${server.origin}/fails`, { method: 'POST' })).rejects.toThrow('fetch failed');
});

test('where the database does not answer the connection is cut, and the front asks again', async () => {
  await using server = await start({}, new DatabaseUnavailable('the session ended'));
  await expect(fetch(`${server.origin}/fails`, { method: 'POST' })).rejects.toThrow('fetch failed');
});

test('a bug is 500 and M_UNKNOWN, and tells nothing of itself', async () => {
  await using server = await start();
  const answer = await fetch(`${server.origin}/fails`, { method: 'POST' });
  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual({ errcode: 'M_UNKNOWN', error: 'Internal server error' });
});

test('a front is told whose token it was, whatever the answer, and nobody else is', async () => {
  const user = async (path: string, options: RequestInit, behindFront: boolean) =>
    (await ask(path, options, { behindFront })).headers.get('x-farol-user');
  const alice = '%40alice%3Aexample.org';
  expect(await user(ROOM, {}, true)).toBe(alice);
  expect(await user(ROOM, { body: '{' }, true)).toBe(alice);
  expect(await user(ROOM, {}, false)).toBeNull();
  expect(await user(ROOM, { headers: { authorization: 'Bearer made-up' } }, true)).toBeNull();
  expect(await user(DEEP, {}, true)).toBeNull();
});

const notToBeAsked = () => Promise.reject(new Error('not to be asked'));

test('behind a front its request id names a request that may not run twice', async () => {
  const keys: OnceKey[] = [];
  const outcomes: Gate<Ports>['outcomes'] = {
    runInSession: notToBeAsked,
    run: async (key) => {
      keys.push(key);
      return { kind: 'repeat', outcome: { status: 200, body: { of: 'the first run' } } };
    },
  };
  await using server = await start({ outcomes, behindFront: true });
  const headers = { 'x-farol-request-id': 'front-a:1234567' };
  const answer = await fetch(`${server.origin}/fails`, { method: 'POST', headers });
  expect(await answer.json()).toEqual({ of: 'the first run' });
  expect(keys).toEqual([{ kind: 'request', requestId: 'front-a:1234567' }]);
});

test('the answer of a handler of another framework is told to the repeat, with its headers', async () => {
  const left = new Map<string, Outcome>();
  const run: Gate<Ports>['outcomes']['run'] = async (key, attempt) => {
    const name = JSON.stringify(key);
    const outcome = left.get(name);
    if (outcome) return { kind: 'repeat', outcome };
    const once: Once = { outcome: (status, body) => void left.set(name, { status, body }) };
    return { kind: 'ran', answer: await attempt(once) };
  };
  await using server = await start({
    behindFront: true,
    outcomes: { run, runInSession: notToBeAsked },
  });
  const send = async (name: string) => {
    const answer = await fetch(`${server.origin}/elsewhere`, {
      ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams({ name }) },
      headers: { 'x-farol-request-id': 'front-a:elsewhere' },
    });
    return [answer.status, answer.headers.get('location'), await answer.text()];
  };
  expect(await send('alice')).toEqual([303, '/there', 'Go on, alice']);
  expect(await send('bob')).toEqual([303, '/there', 'Go on, alice']);
});

test("without a front a client's own request id is not believed", async () => {
  const outcomes = { run: notToBeAsked, runInSession: notToBeAsked };
  await using server = await start({ outcomes }, new NotWriter('ran'));
  const headers = { 'x-farol-request-id': 'front-a:1234567' };
  const answer = await fetch(`${server.origin}/fails`, { method: 'POST', headers });
  expect(answer.status).toBe(503);
});

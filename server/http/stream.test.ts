import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { mounted } from '../../test/support/mounted.ts';
import { openGate } from '../../test/support/open-gate.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import type { Once, OnceKey, Outcomes } from '../log/outcomes.ts';
import { notKept } from '../log/outcomes.ts';
import { ClientGone } from './body/raw.ts';
import { endpoint, STREAM } from './endpoint.ts';
import { MatrixError } from './matrix-error.ts';
import { Representation } from './representation.ts';
import { serve } from './serve.ts';

const BYTES_MAX = 1_000_000;

/** What the handlers of a test saw, and when they go on. */
class Seen {
  readonly pieces: number[] = [];
  readonly ends: unknown[] = [];
  /** Of bytes that were asked of the store. */
  read = 0;
  open = 0;
  mayGoOn = Promise.resolve();
}

const take = endpoint({
  operation: 'take',
  routes: ['POST /take'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'request',
  body: STREAM,
  async handle({ body }, seen: Seen) {
    let bytes = 0;
    try {
      for await (const piece of body.read(BYTES_MAX)) {
        seen.pieces.push(piece.length);
        bytes += piece.length;
        await seen.mayGoOn;
      }
    } catch (error) {
      seen.ends.push(error);
      throw error;
    }
    seen.ends.push('whole');
    return { bytes, declared: body.declaredBytes ?? null, type: body.contentType ?? null };
  },
});

const refuses = endpoint({
  operation: 'refuses',
  routes: ['POST /refuses'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  body: STREAM,
  handle: async () => ({ read: 'nothing' }),
});

const CONTENT = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
const content = endpoint({
  operation: 'content',
  routes: ['GET /content'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  handle: async () =>
    new Representation({
      headers: { 'content-type': 'x/y' },
      bytes: CONTENT.length,
      etag: '"e"',
      async *read(from, end) {
        for (let at = from; at < end; at += 100)
          yield CONTENT.subarray(at, Math.min(at + 100, end));
      },
    }),
});

const LONG = 50_000_000;
const long = endpoint({
  operation: 'long',
  routes: ['GET /long'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  handle: async (_, seen: Seen) =>
    new Representation({
      headers: {},
      bytes: LONG,
      etag: '"l"',
      async *read() {
        seen.open += 1;
        try {
          for (; seen.read < LONG; seen.read += 100_000) yield Buffer.alloc(100_000);
        } finally {
          seen.open -= 1;
        }
      },
    }),
});

const broken = endpoint({
  operation: 'broken',
  routes: ['GET /broken/{after}'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  path: z.object({ after: z.coerce.number() }),
  handle: async ({ path }) =>
    new Representation({
      headers: {},
      bytes: 100,
      etag: '"b"',
      async *read() {
        if (path.after > 0) yield CONTENT.subarray(0, path.after);
        throw new MatrixError(502, 'M_UNKNOWN', 'It is away');
      },
    }),
});

async function start(seen = new Seen(), outcomes?: Outcomes) {
  const gate = openGate<Seen>(seen, outcomes ? { outcomes, behindFront: true } : {});
  const server = await serve(mounted([take, refuses, content, long, broken]), gate);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { origin: server.origin, seen };
}

async function raw(origin: string, head: string, body: string | Buffer = ''): Promise<Socket> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(`${head}\r\nHost: x\r\n\r\n`);
  socket.write(body);
  return socket;
}

async function answerOf(socket: Socket): Promise<string> {
  let said = '';
  for await (const chunk of socket) said += (chunk as Buffer).toString('latin1');
  return said;
}

test('a handler takes a body as it comes, with its declared length and type', async () => {
  const { origin } = await start();
  const headers = { 'content-type': 'image/png' };
  const body = Buffer.alloc(300_000);
  const answer = await fetch(`${origin}/take`, { method: 'POST', headers, body });
  expect(await answer.json()).toEqual({ bytes: 300_000, declared: 300_000, type: 'image/png' });
});

test('a body that is longer than the handler takes is refused, declared or not', async () => {
  const { origin, seen } = await start();
  const declared = await raw(origin, `POST /take HTTP/1.1\r\nContent-Length: ${BYTES_MAX + 1}`);
  expect(await answerOf(declared)).toMatch(/^HTTP\/1.1 413 [\s\S]*M_TOO_LARGE/);
  expect(seen.pieces, 'of what is declared too long nothing is taken').toEqual([]);
  const chunk = `${(200_000).toString(16)}\r\n${'x'.repeat(200_000)}\r\n`;
  const chunked = await raw(origin, 'POST /take HTTP/1.1\r\nTransfer-Encoding: chunked');
  chunked.write(chunk.repeat(6));
  expect(await answerOf(chunked)).toMatch(/^HTTP\/1.1 413 [\s\S]*M_TOO_LARGE/);
});

test('a client that leaves in the middle of its body leaves a handler that knows it', async () => {
  const { origin, seen } = await start();
  const socket = await raw(origin, 'POST /take HTTP/1.1\r\nContent-Length: 1000', 'half');
  await vi.waitFor(() => expect(seen.pieces).toEqual([4]));
  socket.destroy();
  await vi.waitFor(() => expect(seen.ends).toEqual([expect.any(ClientGone)]));
});

test('a handler that is slow is not sent more than the sockets hold', async () => {
  const seen = new Seen();
  const open = Promise.withResolvers<void>();
  seen.mayGoOn = open.promise;
  const { origin } = await start(seen);
  const socket = await raw(origin, `POST /take HTTP/1.1\r\nContent-Length: ${BYTES_MAX}`);
  const answered = answerOf(socket);
  socket.write(Buffer.alloc(BYTES_MAX));
  await vi.waitFor(() => expect(seen.pieces).toHaveLength(1));
  open.resolve();
  await vi.waitFor(() => expect(seen.ends).toEqual(['whole']));
  socket.end();
  expect(await answered).toMatch(/"bytes":1000000/);
});

test('a body that nobody reads is no trouble for the next request of its connection', async () => {
  const { origin } = await start();
  const socket = await raw(origin, 'POST /refuses HTTP/1.1\r\nContent-Length: 500000');
  socket.write(Buffer.alloc(500_000));
  socket.write('GET /content HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0\r\nConnection: close\r\n\r\n');
  expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 200 [\s\S]*"nothing"[\s\S]*HTTP\/1.1 206 /);
});

test('an encoded body is refused: nobody would take the code off again', async () => {
  const { origin } = await start();
  const headers = { 'content-encoding': 'gzip' };
  const answer = await fetch(`${origin}/take`, { method: 'POST', headers, body: 'x' });
  expect(answer.status).toBe(415);
});

test('a repeat that joined a run whose body broke off runs with its own', async () => {
  const seen = new Seen();
  const open = Promise.withResolvers<void>();
  seen.mayGoOn = open.promise;
  const { origin } = await start(seen, joining());
  const head = 'POST /take HTTP/1.1\r\nx-farol-request-id: 12345678\r\nContent-Length: 4';
  const first = await raw(origin, head, 'ha');
  await vi.waitFor(() => expect(seen.pieces).toEqual([2]));
  const repeat = await raw(origin, `${head}\r\nConnection: close`, 'half');
  first.destroy();
  open.resolve();
  expect(await answerOf(repeat)).toMatch(/^HTTP\/1.1 200 [\s\S]*"bytes":4/);
});

/** As the real ones do, but that nothing is kept: who comes while one runs ends as that does. */
function joining(): Outcomes {
  const running = new Map<string, Promise<unknown>>();
  const run = async <T>(key: OnceKey, attempt: (kept: Once) => Promise<T>) => {
    const name = JSON.stringify(key);
    const mine = (running.get(name) ?? attempt(notKept)) as Promise<T>;
    running.set(name, mine);
    try {
      return { kind: 'ran' as const, answer: await mine };
    } finally {
      running.delete(name);
    }
  };
  const alone = new KeyedMutex();
  return {
    run,
    runInSession: (of, attempt) =>
      alone.run(of.sessionId, () => run({ kind: 'request', requestId: of.sessionId }, attempt)),
  };
}

const ALL = { status: 200, bytes: 256, range: null };
test.each([
  ['bytes=0-9', { status: 206, bytes: 10, range: 'bytes 0-9/256' }],
  ['bytes=250-', { status: 206, bytes: 6, range: 'bytes 250-255/256' }],
  ['bytes=250-999', { status: 206, bytes: 6, range: 'bytes 250-255/256' }],
  ['bytes=-6', { status: 206, bytes: 6, range: 'bytes 250-255/256' }],
  ['bytes=-999', { status: 206, bytes: 256, range: 'bytes 0-255/256' }],
  ['bytes=256-', { status: 416, range: 'bytes */256' }],
  ['bytes=-0', { status: 416, range: 'bytes */256' }],
  ['bytes=9-3', ALL],
  ['bytes=-', ALL],
  ['bytes=0-1,5-6', ALL],
  ['lines=0-9', ALL],
])(
  'the range %s of 256 bytes is answered %o',
  async (range, {
    bytes,
    ...expected
  }: { status: number; bytes?: number; range: string | null }) => {
    const { origin } = await start();
    const answer = await fetch(`${origin}/content`, { headers: { range } });
    const body = Buffer.from(await answer.arrayBuffer());
    const told = answer.headers.get('content-range');
    expect({ status: answer.status, range: told }).toEqual(expected);
    if (bytes === undefined) return;
    const from = Number(/\d+/.exec(told ?? '0')![0]);
    expect(body).toEqual(CONTENT.subarray(from, from + bytes));
    expect(answer.headers.get('content-length')).toBe(String(bytes));
  },
);

test('a part of something that is another one by now is answered with the whole', async () => {
  const { origin } = await start();
  const ask = async (ifRange: string) =>
    (await fetch(`${origin}/content`, { headers: { range: 'bytes=0-9', 'if-range': ifRange } }))
      .status;
  expect([await ask('"e"'), await ask('"other"')]).toEqual([206, 200]);
});

test.each([['"e"'], ['W/"e"'], ['"x", "e"'], ['*']])(
  'who has it already, by %s, is told so and sent nothing',
  async (known) => {
    const { origin } = await start();
    const answer = await fetch(`${origin}/content`, { headers: { 'if-none-match': known } });
    expect([answer.status, await answer.text()]).toEqual([304, '']);
    expect(answer.headers.get('etag')).toBe('"e"');
  },
);

test('HEAD is told what GET is told, without the bytes, and nothing is read', async () => {
  const { origin, seen } = await start();
  const answer = await fetch(`${origin}/long`, { method: 'HEAD' });
  expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(LONG)]);
  expect(await answer.text()).toBe('');
  expect(seen.read).toBe(0);
});

test('what cannot be read is told as that, and as a broken answer where some of it was sent', async () => {
  const { origin } = await start();
  const answer = await fetch(`${origin}/broken/0`);
  expect([answer.status, await answer.json()]).toEqual([
    502,
    { errcode: 'M_UNKNOWN', error: 'It is away' },
  ]);
  const begun = await fetch(`${origin}/broken/10`);
  expect(begun.status).toBe(200);
  await expect(begun.arrayBuffer()).rejects.toThrow();
});

test('what is open for a client that reads nothing ends with it', async () => {
  const { origin, seen } = await start();
  const socket = await raw(origin, 'GET /long HTTP/1.1');
  socket.pause();
  await vi.waitFor(() => expect(seen.open).toBe(1));
  socket.destroy();
  await vi.waitFor(() => expect(seen.open).toBe(0));
  expect(seen.read).toBeLessThan(LONG);
});

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as plainRequest } from 'node:https';
import { Readable } from 'node:stream';
import { connect } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { raiseSite } from '../../test/support/front-site.ts';
import { raiseWriter } from '../../test/support/front-writer.ts';

const KIB = 1024;
const MIB = KIB * KIB;

test('bytes of a body count as they arrive, and a client comes to the end of its own share', async () => {
  await using site = await raiseSite({ hold: { bytesMax: 800 * KIB } });
  const stalled = await beginBody(site, 1000 * KIB, 60 * KIB);
  await vi.waitFor(() => expect(site.front.count.heldBytes()).toBe(60 * KIB));
  const more = await site.ask('PUT', '/1', {}, Buffer.alloc(60 * KIB));
  expect(more.status).toBe(503);
  expect(site.front.count.heldBytes()).toBe(60 * KIB);
  stalled.destroy();
  await vi.waitFor(() => expect(site.front.count.heldBytes()).toBe(0));
});

test('a long body is kept on the disk, and sent whole again when its writer breaks off', async () => {
  await using site = await raiseSite({ hold: { replayBytesMax: 100 * KIB } });
  const sent = randomBytes(3 * MIB);
  const seen: { id: unknown; body: Buffer }[] = [];
  let onDisk = 0;
  await using writer = await raiseWriter((request, response, body) => {
    seen.push({ id: request.headers['x-farol-request-id'], body });
    onDisk = site.front.count.diskBytes();
    if (seen.length === 1) request.socket.destroy();
    else response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.ask('POST', '/upload', {}, sent)).status).toBe(200);
  expect(seen.map(({ body }) => body.equals(sent))).toEqual([true, true]);
  expect(seen[0]!.id).toBe(seen[1]!.id);
  expect(onDisk).toBe(sent.length);
  await vi.waitFor(() => expect(site.front.count.diskBytes()).toBe(0));
  expect(site.front.count.heldBytes()).toBe(0);
});

test('a body that never said how long it is goes to the disk when it gets long', async () => {
  await using site = await raiseSite({ hold: { replayBytesMax: 100 * KIB } });
  const sent = randomBytes(MIB);
  let seen: Buffer | undefined;
  await using writer = await raiseWriter((_request, response, body) => {
    seen = body;
    response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const chunked = Readable.from([sent.subarray(0, 1), sent.subarray(1, 7000), sent.subarray(7000)]);
  expect((await site.ask('POST', '/upload', {}, chunked)).status).toBe(200);
  expect(seen?.equals(sent)).toBe(true);
});

test('an early answer to a long body reaches the client, whose connection goes on', async () => {
  await using site = await raiseSite({ hold: { replayBytesMax: 10 * KIB } });
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  writer.server.removeAllListeners('request');
  writer.server.on('request', (request, response) => {
    if (request.headers['x-farol-probe'] || request.method === 'GET') return response.end('{}');
    return response.writeHead(413, { 'content-length': 2 }).end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const socket = connect({ port: site.port, ca: site.ca, checkServerIdentity: () => undefined });
  onTestFinished(() => void socket.destroy());
  let said = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    said += chunk;
  });
  socket.write(`POST / HTTP/1.1\r\nHost: f\r\nContent-Length: ${5 * MIB}\r\n\r\n`);
  socket.write(Buffer.alloc(5 * MIB));
  await vi.waitFor(() => expect(said).toMatch(/^HTTP\/1\.1 413 /));
  socket.write('GET / HTTP/1.1\r\nHost: f\r\n\r\n');
  await vi.waitFor(() => expect(said).toMatch(/HTTP\/1\.1 200 /));
});

test('a body longer than anybody may send is refused, and the client reads that while it sends', async () => {
  await using site = await raiseSite({ hold: { diskBytesMax: 8 * MIB, replayBytesMax: KIB } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: site.ca });
  expect(await exchange(site, agent, 'POST', Buffer.alloc(3 * MIB))).toMatchObject({ status: 413 });
  await vi.waitFor(() => expect(site.front.count.inFlight()).toBe(0));
  expect(site.front.count.diskBytes()).toBe(0);
  agent.destroy();
});

test('a client that leaves in the middle of its body is no trouble, and no writer hears of it', async () => {
  await using site = await raiseSite({ hold: { replayBytesMax: 10 * KIB } });
  let seen = 0;
  await using writer = await raiseWriter((_request, response) => {
    seen++;
    response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  for (const length of [8 * KIB, 80 * KIB]) {
    const leaving = await beginBody(site, length, length / 2);
    await vi.waitFor(() => expect(taken(site)).toBe(length / 2));
    leaving.destroy();
    await vi.waitFor(() => expect(site.front.count.inFlight()).toBe(0));
  }
  expect(taken(site)).toBe(0);
  expect({ seen, trouble: site.trouble() }).toEqual({ seen: 0, trouble: [] });
});

test('a disk that takes nothing costs long bodies only', async () => {
  await using site = await raiseSite({
    hold: { replayBytesMax: KIB, diskFolder: '/nowhere/at/all' },
  });
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.ask('POST', '/1', {}, Buffer.alloc(2 * KIB))).status).toBe(503);
  expect((await site.put('/2')).status).toBe(200);
  expect(site.trouble()).not.toEqual([]);
});

test('an answer without a length, or a very long one, streams through', async () => {
  await using site = await raiseSite();
  const long = randomBytes(6 * MIB);
  await using writer = await raiseWriter((request, response) => {
    if (request.url === '/redirect') {
      return response.writeHead(302, { location: 'https://elsewhere', 'content-length': 0 }).end();
    }
    response.writeHead(200, { 'content-type': 'text/html' });
    if (request.url === '/long') return response.end(long);
    response.write('<p>one');
    return response.end('<p>two');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const agent = new Agent({ ca: site.ca });
  expect((await exchange(site, agent, 'GET', undefined, '/long')).body.equals(long)).toBe(true);
  const html = await exchange(site, agent, 'GET', undefined, '/html');
  expect(html.body.toString()).toBe('<p>one<p>two');
  expect(html.headers['content-type']).toBe('text/html');
  const redirect = await exchange(site, agent, 'GET', undefined, '/redirect');
  expect(redirect).toMatchObject({ status: 302, headers: { location: 'https://elsewhere' } });
  await vi.waitFor(() => expect(site.front.count.heldBytes()).toBe(0));
});

test('what a client asks ahead is asked of the writer in its turn, so that no answer lies in memory', async () => {
  await using site = await raiseSite();
  const seen: (string | undefined)[] = [];
  const slow = Promise.withResolvers<void>();
  await using writer = await raiseWriter(async (request, response) => {
    seen.push(request.url);
    if (request.url === '/slow') await slow.promise;
    response.writeHead(200, { 'content-length': 2 }).end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const socket = connect({ port: site.port, ca: site.ca, checkServerIdentity: () => undefined });
  onTestFinished(() => void socket.destroy());
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: f\r\n\r\n`;
  socket.write(get('/slow') + get('/ahead') + get('/ahead'));
  await vi.waitFor(() => expect(seen).toContain('/slow'));
  for (const other of ['/1', '/2']) await site.get(other);
  expect(seen).toEqual(['/slow', '/1', '/2']);
  slow.resolve();
  await vi.waitFor(() => expect(seen).toEqual(['/slow', '/1', '/2', '/ahead', '/ahead']));
  socket.destroy();
  await vi.waitFor(() => expect(site.front.count.inFlight()).toBe(0));
});

test('a client may ask a few things ahead, and nobody asks many', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((request, response) => {
    response.writeHead(200, { 'content-length': 2 }).end(request.url!.slice(-2));
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const asked = (count: number) =>
    Array.from({ length: count }, (_, n) => `GET /${n + 10} HTTP/1.1\r\nHost: f\r\n\r\n`);
  const some = connect({ port: site.port, ca: site.ca, checkServerIdentity: () => undefined });
  onTestFinished(() => void some.destroy());
  let said = '';
  some.setEncoding('latin1').on('data', (chunk: string) => {
    said += chunk;
  });
  some.write(asked(10).join(''));
  const bodies = () => [...said.matchAll(/\r\n\r\n(\d\d)/g)].map(([, body]) => body);
  const inOrder = Array.from({ length: 10 }, (_, n) => `${n + 10}`);
  await vi.waitFor(() => expect(bodies()).toEqual(inOrder));
  const many = connect({ port: site.port, ca: site.ca, checkServerIdentity: () => undefined });
  const ended = once(many.on('error', () => undefined).resume(), 'close');
  many.write(asked(90).join(''));
  await ended;
  await vi.waitFor(() => expect(site.front.count.inFlight()).toBe(0));
});

const taken = ({
  front: { count },
}: {
  front: { count: { heldBytes(): number; diskBytes(): number } };
}) => count.heldBytes() + count.diskBytes();

/** Sends so much of a body, and then nothing. */
async function beginBody(site: { port: number; ca: Buffer }, length: number, begun: number) {
  const sending = plainRequest({
    ...{ port: site.port, host: '127.0.0.1', method: 'PUT', path: '/slow', ca: site.ca },
    checkServerIdentity: () => undefined,
    headers: { 'content-length': length, authorization: 'Bearer token' },
    agent: false,
  });
  sending.on('error', () => undefined);
  await new Promise<void>((resolve) => sending.write(Buffer.alloc(begun), () => resolve()));
  return sending;
}

/** With node:http, which keeps to its connection and its pace as a client does. */
async function exchange(
  site: { port: number },
  agent: Agent,
  method: string,
  body?: Buffer,
  path = '/',
) {
  const asking = plainRequest({
    ...{ port: site.port, host: '127.0.0.1', method, path, agent },
    checkServerIdentity: () => undefined,
    headers: body === undefined ? {} : { 'content-length': body.length },
  });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode: status, headers } = response;
  return { status, headers, body: Buffer.concat(chunks) };
}

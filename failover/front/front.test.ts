import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Agent, request } from 'undici';
import { beforeAll, expect, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../test/support/certificates.ts';
import { socketOf } from '../sockets.ts';
import { frontConfig } from './config.ts';
import { startFront } from './front.ts';
import type { Writer } from './routing.ts';

let authority: Authority;
let certificates: { ca: string; certificate: string; key: string };

beforeAll(async () => {
  authority = await certificateAuthority();
  certificates = { ca: authority.ca, ...(await authority.issue('site', { ip: ['127.0.0.1'] })) };
});

test('a request is held while there is no writer, and answered when there is one', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{"ok":true}'));
  const answer = site.put('/_matrix/client/v3/x');
  await site.untilHeld(1);
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect(await answer).toMatchObject({ status: 200, json: { ok: true } });
});

test('a request that a writer never saw goes to the next one', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  const unreachable = await raiseWriter(() => undefined);
  await unreachable[Symbol.asyncDispose]();
  site.agentSays({ site: 'a', epoch: 1, url: unreachable.url });
  const answer = site.put('/_matrix/client/v3/x');
  await site.untilHeld(1);
  site.agentSays({ site: 'b', epoch: 2, url: writer.url });
  expect((await answer).status).toBe(200);
});

test('a client may call the server by its name', async () => {
  await using site = await raiseSite();
  let forwarded: unknown;
  await using writer = await raiseWriter((request, response) => {
    forwarded = request.headers['x-forwarded-host'];
    response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/1', { host: 'farol.test' })).status).toBe(200);
  expect((await site.put('/2', { host: 'farol.test' })).status).toBe(200);
  expect(forwarded).toBe('farol.test');
});

test('an answer that was lost is asked for again under the same request id', async () => {
  await using site = await raiseSite();
  const seen: (string | string[] | undefined)[] = [];
  await using writer = await raiseWriter((request, response) => {
    seen.push(request.headers['x-farol-request-id']);
    if (seen.length === 1) request.socket.destroy();
    else response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/_matrix/client/v3/x')).status).toBe(200);
  expect(seen).toHaveLength(2);
  expect(seen[0]).toBe(seen[1]);
  expect(seen[0]).not.toBe('mine');
});

test('a writer that hangs is left as soon as another one has taken over', async () => {
  await using site = await raiseSite();
  const reached = Promise.withResolvers<void>();
  await using frozen = await raiseWriter(() => reached.resolve());
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: frozen.url });
  const answer = site.put('/_matrix/client/v3/x');
  await reached.promise;
  site.agentSays({ site: 'b', epoch: 2, url: writer.url });
  expect((await answer).status).toBe(200);
});

test('a server that rose in its place keeps what it was sent before its epoch is told', async () => {
  await using site = await raiseSite();
  let seen = 0;
  await using writer = await raiseWriter((_request, response) => {
    seen++;
    site.agentSays({ site: 'a', epoch: 2, url: writer.url });
    setTimeout(() => response.end('{}'), 50);
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/_matrix/client/v3/x')).status).toBe(200);
  expect(seen).toBe(1);
});

test('a server that resets connections while it starts has not seen the request', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  await using starting = await raiseResetting();
  site.agentSays({ site: 'a', epoch: 1, url: starting.url });
  const answer = site.put('/_matrix/client/v3/x');
  await vi.waitFor(() => expect(starting.count).toBeGreaterThan(3), { timeout: 3_000 });
  site.agentSays({ site: 'a', epoch: 2, url: writer.url });
  expect((await answer).status).toBe(200);
});

test('a server that breaks everything off while it ends does not use up the replays', async () => {
  await using site = await raiseSite();
  const endedAt = performance.now() + 500;
  await using writer = await raiseWriter((request, response) => {
    if (performance.now() < endedAt) request.socket.destroy();
    else response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/_matrix/client/v3/x')).status).toBe(200);
});

test('a request that silences two writers is set aside with 503 and Retry-After', async () => {
  await using site = await raiseSite();
  await using first = await raiseWriter((request) => {
    site.agentSays({ site: 'b', epoch: 2, url: second.url });
    request.socket.destroy();
  });
  await using second = await raiseWriter((request) => void request.socket.destroy());
  site.agentSays({ site: 'a', epoch: 1, url: first.url });
  const answer = await site.put('/_matrix/client/v3/x');
  expect(answer).toMatchObject({ status: 503, json: { errcode: 'M_UNKNOWN' } });
  expect(answer.headers['retry-after']).toBeDefined();
});

test('without a writer the client is told so when the time of holding is over', async () => {
  await using site = await raiseSite({ forMs: 50 });
  expect((await site.put('/_matrix/client/v3/x')).status).toBe(503);
});

test('more requests than may be held are refused at once', async () => {
  await using site = await raiseSite({ requestsMax: 1 });
  const held = site.put('/_matrix/client/v3/x');
  await site.untilHeld(1);
  expect((await site.put('/_matrix/client/v3/y')).status).toBe(503);
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await held).status).toBe(200);
});

test("one device's held requests arrive in their order, each after the answer to the one before", async () => {
  await using site = await raiseSite();
  const seen: string[] = [];
  let underWay = 0;
  let most = 0;
  await using writer = await raiseWriter((request, response) => {
    seen.push(request.url ?? '');
    most = Math.max(most, ++underWay);
    setImmediate(() => {
      underWay--;
      response.end('{}');
    });
  });
  const answers: Promise<unknown>[] = [];
  const paths = ['/1', '/2', '/3', '/4', '/5'];
  for (const [index, path] of paths.entries()) {
    answers.push(site.put(path));
    await site.untilHeld(index + 1);
  }
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await Promise.all(answers);
  expect({ seen, most }).toEqual({ seen: paths, most: 1 });
});

test('when the address is about to leave, answers through it say that they are the last', async () => {
  await using site = await raiseSite({}, '127.0.0.1');
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  const a = { site: 'a', epoch: 1, url: writer.url };
  site.agentSays(a);
  expect((await site.put('/1')).headers.connection).toBe('keep-alive');
  site.agentSays(a, true);
  await vi.waitFor(async () => expect((await site.put('/2')).headers.connection).toBe('close'));
  await vi.waitFor(() => expect(site.connections()).toBe(0));
});

test('when the address is about to leave, a long poll through it is answered at once', async () => {
  await using site = await raiseSite({}, '127.0.0.1');
  const asked: string[] = [];
  await using writer = await raiseWriter((request, response) => {
    asked.push(request.url!);
    if (request.url!.includes('timeout=0')) response.end('{}');
  });
  const a = { site: 'a', epoch: 1, url: writer.url };
  site.agentSays(a);
  const poll = site.get('/_matrix/client/v3/sync?timeout=30000');
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  site.agentSays(a, true);
  expect((await poll).headers.connection).toBe('close');
  expect(asked).toHaveLength(2);
});

test('when the address is about to leave, an idle connection to it is ended', async () => {
  await using site = await raiseSite({}, '127.0.0.1');
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  const a = { site: 'a', epoch: 1, url: writer.url };
  site.agentSays(a);
  await site.put('/1');
  expect(site.connections()).toBe(1);
  site.agentSays(a, true);
  await vi.waitFor(() => expect(site.connections()).toBe(0), { timeout: 3_000 });
});

test('what is not of the address stays when it leaves', async () => {
  await using site = await raiseSite({}, '192.0.2.1');
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  const a = { site: 'a', epoch: 1, url: writer.url };
  site.agentSays(a, true);
  expect((await site.put('/1')).headers.connection).toBe('keep-alive');
});

test('an agent that is gone changes nothing: the last writer goes on', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/1')).status).toBe(200);
  await site.agentDies();
  expect((await site.put('/2')).status).toBe(200);
});

/** A front with an agent beside it that says what the test tells it to. */
async function raiseSite(hold: { forMs?: number; requestsMax?: number } = {}, address?: string) {
  const runtimeDir = await mkdtemp(join(tmpdir(), 'farol-front-'));
  let [version, writer, drain] = [0, null as Writer | null, false];
  let waiting: (() => void)[] = [];
  const agent = createPlainServer((request, response) => {
    const answer = () => response.end(JSON.stringify({ version, writer, address: { drain } }));
    if (request.url === `/v1/routing?after=${version}`) waiting.push(answer);
    else answer();
  });
  await mkdir(join(runtimeDir, 'agent'));
  agent.listen({ path: socketOf(runtimeDir, 'agent') });
  await once(agent, 'listening');
  const front = await startFront({
    config: frontConfig.parse({
      listen: '127.0.0.1:0',
      certificate: certificates.certificate,
      key: certificates.key,
      writer: certificates,
      hold,
    }),
    runtimeDir,
    ...(address && { address }),
    log: pino({ level: 'silent' }),
  });
  const client = new Agent({
    connect: { ca: await readFile(certificates.ca), checkServerIdentity: () => undefined },
  });
  const ask = async (method: 'PUT' | 'GET', path: string, headers = {}, body?: string) => {
    const answer = await request(`https://127.0.0.1:${front.port}${path}`, {
      dispatcher: client,
      method,
      headers: { authorization: 'Bearer token', 'x-farol-request-id': 'mine', ...headers },
      ...(body && { body }),
    });
    const { statusCode: status, headers: answered } = answer;
    return { status, headers: answered, json: await answer.body.json() };
  };
  return {
    agentSays(next: Writer | null, leaves = false) {
      [version, writer, drain] = [version + 1, next, leaves];
      for (const answer of waiting) answer();
      waiting = [];
    },
    async agentDies() {
      agent.close();
      agent.closeAllConnections();
    },
    async untilHeld(held: number) {
      await vi.waitFor(() => expect(front.count.held).toBe(held), { interval: 5 });
    },
    connections: () => front.connections(),
    put: (path: string, headers: Record<string, string> = {}) => ask('PUT', path, headers, '{}'),
    get: (path: string) => ask('GET', path),
    async [Symbol.asyncDispose]() {
      await client.destroy();
      await front.close();
      agent.close();
      agent.closeAllConnections();
      await rm(runtimeDir, { recursive: true });
    },
  };
}

/** Accepts connections and resets them in the handshake. */
async function raiseResetting() {
  const server = createTcpServer((socket) => {
    raised.count++;
    socket.resetAndDestroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const raised = {
    count: 0,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
  return raised;
}

/** A writer of the cluster: answers only those who show a certificate of its authority. */
async function raiseWriter(
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
) {
  const [ca, cert, key] = await Promise.all(
    [certificates.ca, certificates.certificate, certificates.key].map((file) => readFile(file)),
  );
  const mutual = { ca: ca!, cert: cert!, key: key!, requestCert: true, rejectUnauthorized: true };
  const server = createServer(mutual, (request, response) => {
    request.resume().once('end', () => handle(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

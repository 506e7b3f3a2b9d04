import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Agent, type Dispatcher, request } from 'undici';
import { expect, vi } from 'vitest';
import { frontConfig } from '../../failover/front/config.ts';
import { startFront } from '../../failover/front/front.ts';
import type { Writer } from '../../failover/front/routing.ts';
import { socketOf } from '../../failover/sockets.ts';
import { certificateAuthority } from './certificates.ts';

interface SiteOptions {
  readonly hold?: Record<string, unknown>;
  readonly address?: string;
  /** Fronts of other sites, by name. */
  readonly peers?: Record<string, string>;
  readonly relayPort?: number;
  readonly connectionsMax?: number;
}

let made: Promise<{ ca: string; certificate: string; key: string }> | undefined;

/** One authority for a test file, and a certificate that is good for every part of a site. */
export function certificates() {
  made ??= certificateAuthority().then(async (authority) => ({
    ca: authority.ca,
    ...(await authority.issue('site', { ip: ['127.0.0.1'] })),
  }));
  return made;
}

/** A front with an agent beside it that says what the test tells it to. */
export async function raiseSite(options: SiteOptions = {}) {
  const files = await certificates();
  const runtimeDir = await mkdtemp(join(tmpdir(), 'farol-front-'));
  const agent = await raiseAgent(runtimeDir);
  const logged: Record<string, unknown>[] = [];
  const front = await startFront({
    config: configOf(files, options),
    runtimeDir,
    addresses: options.address === undefined ? [] : [options.address],
    log: pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) }),
  });
  const { close, ...client } = await clientOf(front.port, files.ca);
  const health = healthOf(runtimeDir);
  return {
    ...client,
    front,
    port: front.port,
    relayUrl: `https://127.0.0.1:${front.relayPort}`,
    /** What the front said, from warnings on. */
    trouble: () => logged.filter(({ level }) => (level as number) >= 40),
    agentSays: agent.says,
    agentDies: agent.dies,
    async untilHeld(held: number) {
      await vi.waitFor(() => expect(front.count.held()).toBe(held), { interval: 5 });
    },
    /** Through a front of another site, or directly; null while no writer is named. */
    async untilWay(way: object | null) {
      await vi.waitFor(() => expect(front.way.shown()).toMatchObject(way ?? {}), {
        interval: 10,
        timeout: 20_000,
      });
    },
    connections: () => front.connections(),
    health: health.ask,
    async [Symbol.asyncDispose]() {
      await Promise.all([close(), health.close()]);
      await front.close();
      await agent.dies();
      await rm(runtimeDir, { recursive: true });
    },
  };
}

const configOf = (files: Awaited<ReturnType<typeof certificates>>, options: SiteOptions) =>
  frontConfig.parse({
    listen: '127.0.0.1:0',
    certificate: files.certificate,
    key: files.key,
    writer: files,
    hold: { diskFolder: tmpdir(), ...options.hold },
    ...(options.connectionsMax && { connectionsMax: options.connectionsMax }),
    relay: { listen: `127.0.0.1:${options.relayPort ?? 0}`, peers: options.peers ?? {} },
  });

async function raiseAgent(runtimeDir: string) {
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
  return {
    says(next: Writer | null, leaves = false) {
      [version, writer, drain] = [version + 1, next, leaves];
      for (const answer of waiting) answer();
      waiting = [];
    },
    async dies() {
      agent.close();
      agent.closeAllConnections();
    },
  };
}

/** A client of this front. */
async function clientOf(port: number, authority: string) {
  const ca = await readFile(authority);
  const dispatcher = new Agent({ connect: { ca, checkServerIdentity: () => undefined } });
  const ask = async (
    method: 'PUT' | 'GET' | 'POST',
    path: string,
    headers: Record<string, string> = {},
    body?: Dispatcher.RequestOptions['body'],
  ) => {
    const answer = await request(`https://127.0.0.1:${port}${path}`, {
      dispatcher,
      method,
      headers: { authorization: 'Bearer token', 'x-farol-request-id': 'mine', ...headers },
      ...(body && { body }),
    });
    const { statusCode: status, headers: answered } = answer;
    return { status, headers: answered, json: await answer.body.json() };
  };
  return {
    ca,
    ask,
    put: (path: string, headers: Record<string, string> = {}) => ask('PUT', path, headers, '{}'),
    get: (path: string, headers: Record<string, string> = {}) => ask('GET', path, headers),
    close: () => dispatcher.destroy(),
  };
}

/** What the front tells its agent. */
function healthOf(runtimeDir: string) {
  const dispatcher = new Agent({ connect: { socketPath: socketOf(runtimeDir, 'front') } });
  return {
    async ask() {
      const question = { origin: 'http://front', path: '/v1/health', method: 'GET' } as const;
      const { body } = await dispatcher.request(question);
      return (await body.json()) as Record<string, unknown>;
    },
    close: () => dispatcher.destroy(),
  };
}

/** Accepts connections and resets them in the handshake. */
export async function raiseResetting() {
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

type Handle = (request: IncomingMessage, response: ServerResponse, body: Buffer) => unknown;

/** A writer of the cluster: answers only those who show a certificate of its authority. */
export async function raiseWriter(
  handle: Handle,
  /** The front's own questions, which are not what a test counts. */
  probed: (response: ServerResponse, request: IncomingMessage) => unknown = (response) =>
    response.end('{}'),
) {
  const files = await certificates();
  const [ca, cert, key] = await Promise.all(
    [files.ca, files.certificate, files.key].map((file) => readFile(file)),
  );
  const mutual = { ca: ca!, cert: cert!, key: key!, requestCert: true, rejectUnauthorized: true };
  const server = createServer(mutual, (request, response) => {
    if (request.headers['x-farol-probe']) return void probed(response, request);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => handle(request, response, Buffer.concat(chunks)));
  });
  // Those in their handshake too, of which the server itself does not know.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    url: `https://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** As a server that is no writer, or none any more: it executed nothing. */
export function refuse(response: ServerResponse): void {
  response.writeHead(503, { 'x-farol-not-writer': '1', 'content-length': '2' }).end('{}');
}

/** A link to somewhere: it can be cut so that nothing comes through and nobody is told. */
export async function raiseLink(port: number) {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createTcpServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('data', (chunk: Buffer) => {
        if (!isCut) to.write(chunk);
      });
      from.on('close', () => {
        open.delete(from);
        if (!isCut) to.destroy();
      });
      from.on('error', () => undefined);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true;
    },
    heal() {
      isCut = false;
      for (const socket of open) socket.resetAndDestroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

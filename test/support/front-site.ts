import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createPlainServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Agent, type Dispatcher, request } from 'undici';
import { expect, vi } from 'vitest';
import { frontConfig } from '../../failover/front/config.ts';
import { startFront } from '../../failover/front/front.ts';
import type { Writer } from '../../failover/front/routing.ts';
import { socketOf } from '../../failover/sockets.ts';
import { certificates } from './front-writer.ts';

interface SiteOptions {
  readonly hold?: Record<string, unknown>;
  readonly address?: string;
  /** Fronts of other sites, by name. */
  readonly peers?: Record<string, string>;
  readonly relayPort?: number;
  readonly connectionsMax?: number;
  readonly openAnswersMax?: number;
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
    openAnswersMax: options.openAnswersMax,
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

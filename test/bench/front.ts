import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Authority, certificateAuthority } from '../support/certificates.ts';
import { end } from '../support/daemon.ts';
import { cpuMsOf } from './cpu.ts';
import { answerMadeUpFile } from './made-up-file.ts';
import { residentMiB } from './memory.ts';
import { REPOSITORY, type Target } from './target.ts';

type Sockets = typeof import('../../failover/sockets.ts');

/** As a writer that gathers requests for a batch, so that answers come together. */
const COMMIT_MS = 3;

/**
 * One front as a site runs it, and behind it a writer that answers every request at once: what is
 * measured is the front's own work for a message, with TLS towards clients and writer.
 */
export async function startFrontTarget(
  nodeOptions: readonly string[] = [],
  sources = REPOSITORY,
): Promise<Target> {
  await using building = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'farol-front-bench-'));
  building.defer(() => rm(folder, { recursive: true, force: true }));
  const authority = await certificateAuthority(folder);
  const site = await authority.issue('site', { ip: ['127.0.0.1'] });
  const writer = building.use(await startWriter(authority, site));
  const { socketOf } = (await import(join(sources, 'failover/sockets.ts'))) as Sockets;
  building.use(await startAgent(socketOf(folder, 'agent'), writer.url));
  await writeFile(
    join(folder, 'failover.yml'),
    JSON.stringify(configuration(folder, authority, site)),
  );
  const begin = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...optionsIn(unitIn(sources)),
      ...nodeOptions,
      join(sources, 'failover/main.ts'),
      'front',
      '--config',
      join(folder, 'failover.yml'),
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...allocatorIn(unitIn(sources)), NODE_ENV: 'production' },
    },
  );
  building.defer(() => end(child, 'SIGTERM'));
  const port = await listeningPort(child.stdout);
  const everything = building.move();
  return {
    name: 'front',
    origin: `https://127.0.0.1:${port}`,
    startedInMs: performance.now() - begin,
    cpuMs: () => ({ front: cpuMsOf(child.pid!) }),
    resident: () => residentMiB(child.pid!),
    metrics: async () => '',
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** With which a site starts it. */
function unitIn(sources: string): string {
  const unit = join(sources, 'ansible/roles/farol/templates/farol-front.service');
  return existsSync(unit) ? readFileSync(unit, 'utf8') : '';
}

function optionsIn(unit: string): string[] {
  const command = /^ExecStart=(.*) \S+failover\/main\.ts/m.exec(unit)?.[1] ?? '';
  return command.split(' ').filter((word) => word.startsWith('--'));
}

const allocatorIn = (unit: string): Record<string, string> =>
  Object.fromEntries(
    [...unit.matchAll(/\b(MALLOC_\w+)=(\d+)/g)].map(([, name, value]) => [name, value]),
  );

function configuration(
  folder: string,
  { ca }: Authority,
  site: { certificate: string; key: string },
) {
  return {
    cluster: 'bench',
    site: 'a',
    runtimeDir: folder,
    etcd: { endpoints: ['http://127.0.0.1:1'] },
    patroni: { url: 'http://127.0.0.1:1' },
    server: { url: 'http://127.0.0.1:1' },
    front: { listen: '127.0.0.1:0', ...site, writer: { ca, ...site } },
  };
}

async function startWriter({ ca }: Authority, site: { certificate: string; key: string }) {
  const server = createTlsServer(
    {
      ca: readFileSync(ca),
      cert: readFileSync(site.certificate),
      key: readFileSync(site.key),
      requestCert: true,
    },
    (request, response) => {
      request.resume().once('end', () => {
        if (request.url?.startsWith('/file/')) return answerMadeUpFile(request, response);
        const body = JSON.stringify({
          ...{ user_id: '@u:bench', access_token: randomUUID() },
          ...{ room_id: '!r', event_id: '$x', next_batch: 's' },
        });
        response.writeHead(200, {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'access-control-allow-origin': '*',
          'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
          'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization',
        });
        setTimeout(() => response.end(body), COMMIT_MS);
      });
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Says always the same, as a quiet cluster's agent does. */
async function startAgent(socket: string, url: string) {
  await mkdir(dirname(socket));
  const server = createServer((request, response) => {
    const told = { version: 1, writer: { site: 'a', epoch: 1, url }, address: { drain: false } };
    const answer = () => response.end(JSON.stringify(told));
    if (request.url?.endsWith('after=1')) setTimeout(answer, 10_000).unref();
    else answer();
  });
  await once(server.listen(socket), 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function listeningPort(output: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface(output)) {
    const { port } = JSON.parse(line) as { port?: number };
    if (port !== undefined) {
      output.resume();
      return port;
    }
  }
  throw new Error('The front did not start');
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findSynapse } from '../differential/peer.ts';
import { end, hasEnded } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { cpuMsOfTree } from './cpu.ts';
import { residentMiB } from './memory.ts';
import type { Target } from './target.ts';

const STARTS_WITHIN_MS = 60_000;

/** Synapse in one process, with SQLite, which costs it less than a database of its own would. */
export async function startSynapse(): Promise<Target> {
  const python = findSynapse();
  if (python === undefined) throw new Error('There is no Python here that can import Synapse');
  await using building = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'farol-synapse-'));
  building.defer(() => rmSync(folder, { recursive: true }));
  const port = await freePort();
  const file = join(folder, 'homeserver.yaml');
  writeFileSync(file, JSON.stringify(configuration(folder, port)));
  writeFileSync(join(folder, 'log.yaml'), JSON.stringify(WARNINGS));
  const run = ['-m', 'synapse.app.homeserver', '--config-path', file];
  const begin = performance.now();
  await finished(spawn(python, [...run, '--generate-keys'], { cwd: folder, stdio: 'ignore' }));
  const child = spawn(python, run, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  building.defer(() => end(child, 'SIGTERM'));
  const origin = `http://127.0.0.1:${port}`;
  await answering(`${origin}/_matrix/client/versions`, child);
  const startedInMs = performance.now() - begin;
  const everything = building.move();
  return {
    ...{ name: 'Synapse', origin, startedInMs },
    cpuMs: () => ({ all: cpuMsOfTree(child.pid!) }),
    resident: () => residentMiB(child.pid!),
    metrics: async () => '',
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** JSON, which is YAML too. No limit is to be what is measured. */
function configuration(folder: string, port: number) {
  const unlimited = { per_second: 1e6, burst_count: 1e6 };
  return {
    server_name: 'localhost',
    signing_key_path: join(folder, 'signing.key'),
    media_store_path: join(folder, 'media'),
    pid_file: join(folder, 'pid'),
    log_config: join(folder, 'log.yaml'),
    report_stats: false,
    trusted_key_servers: [],
    macaroon_secret_key: 'of the benchmark',
    enable_registration: true,
    enable_registration_without_verification: true,
    database: { name: 'sqlite3', args: { database: join(folder, 'homeserver.db') } },
    listeners: [
      { port, type: 'http', bind_addresses: ['127.0.0.1'], resources: [{ names: ['client'] }] },
    ],
    rc_message: unlimited,
    rc_registration: unlimited,
    rc_joins: { local: unlimited, remote: unlimited },
    rc_joins_per_room: unlimited,
    rc_room_creation: unlimited,
    rc_login: { address: unlimited, account: unlimited, failed_attempts: unlimited },
  };
}

const WARNINGS = {
  version: 1,
  handlers: { console: { class: 'logging.StreamHandler' } },
  root: { level: 'WARNING', handlers: ['console'] },
};

async function finished(child: ReturnType<typeof spawn>): Promise<void> {
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`Synapse ended with ${code}`);
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (const last = performance.now() + STARTS_WITHIN_MS; performance.now() < last; ) {
    if (await isFine(url)) return;
    if (hasEnded(child)) throw new Error('Synapse ended before it answered');
    await sleep(200);
  }
  throw new Error(`${url} did not answer`);
}

const isFine = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findSynapse } from '../differential/peer.ts';
import { freePort } from '../support/free-port.ts';
import { cpuMsOfTree } from './cpu.ts';
import type { Target } from './target.ts';

const STARTS_WITHIN_MS = 60_000;

/** Synapse in one process, with SQLite, which costs it less than a database of its own would. */
export async function startSynapse(): Promise<Target> {
  const python = findSynapse();
  if (python === undefined) throw new Error('There is no Python here that can import Synapse');
  const folder = mkdtempSync(join(tmpdir(), 'farol-synapse-'));
  const port = await freePort();
  const file = join(folder, 'homeserver.yaml');
  writeFileSync(file, JSON.stringify(configuration(folder, port)));
  writeFileSync(join(folder, 'log.yaml'), JSON.stringify(WARNINGS));
  const run = ['-m', 'synapse.app.homeserver', '--config-path', file];
  const begin = performance.now();
  await finished(spawn(python, [...run, '--generate-keys'], { cwd: folder, stdio: 'ignore' }));
  const child = spawn(python, run, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const origin = `http://127.0.0.1:${port}`;
  await answering(`${origin}/_matrix/client/versions`);
  return {
    name: 'Synapse',
    origin,
    startedInMs: performance.now() - begin,
    cpuMs: () => ({ all: cpuMsOfTree(child.pid!) }),
    metrics: async () => '',
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(folder, { recursive: true });
    },
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

async function answering(url: string): Promise<void> {
  for (const end = performance.now() + STARTS_WITHIN_MS; performance.now() < end; await sleep(200))
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
  throw new Error(`${url} did not answer`);
}

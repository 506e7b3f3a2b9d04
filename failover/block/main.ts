import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { NOTE } from '../adapters/blocking/note.ts';
import { bootTime } from '../adapters/clock/boot-time.ts';
import { outputOf } from '../adapters/program.ts';
import { ConfigError, readConfig } from '../config/config.ts';
import { bareHost } from '../core/bare-host.ts';
import type { Site } from '../core/view.ts';
import { frontConfig } from '../front/config.ts';
import { openBlockSocket } from './block-socket.ts';
import { Blocker } from './blocker.ts';
import { KeptNote } from './kept-note.ts';
import { rulesAgainst } from './rules.ts';
import { lookAt } from './standby.ts';

/**
 * Root's program beside Patroni: turns another site's PostgreSQL away when the agent, which may not, asks for it (docs/third-fence.md). It knows by its
 * own configuration where the sites are, so that nobody can have it turn away anything else.
 */
const { values } = parseArgs({
  options: { config: { type: 'string', default: '/etc/farol/failover.yml' } },
});

/** PostgreSQL's port at every site (patroni-config/patroni.yml). */
const POSTGRESQL_PORT = 5432;
const POSTGRESQL_SOCKETS = '/var/run/postgresql';
const FILTERS_WITHIN_MS = 2_000;
const KEEP_EVERY_MS = 1_000;

const log = pino({ timestamp: pino.stdTimeFunctions.isoTime });
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

try {
  await run(stop.signal);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/** What is blocked stays so when this ends. */
async function run(signal: AbortSignal): Promise<void> {
  const { runtimeDir, patroni, peers } = readConfig(values.config, frontConfig);
  if (patroni?.postgres === undefined || peers === undefined)
    throw new ConfigError('What turns other sites away needs `patroni.postgres` and `peers`.');
  const { dataDir, binDir } = patroni.postgres;
  const now = bootTime();
  const ports = [POSTGRESQL_PORT, Number(new URL(patroni.url).port)];
  const blocker = new Blocker({
    note: new KeptNote(NOTE),
    rulesFor: (site) => rulesFor(peers.sites, site, ports),
    filter: async (script) => {
      await outputOf('nft', ['-f', '-'], { withinMs: FILTERS_WITHIN_MS, input: script });
    },
    look: () => lookAt({ dataDir, binDir, socketDir: POSTGRESQL_SOCKETS, now }),
    end: endProcess,
    now,
  });
  const noted = await blocker.begin();
  if (noted !== null) log.warn({ noted }, 'what was turned away before is so again');
  const socket = await openBlockSocket(runtimeDir, {
    put: async (block) => {
      log.info({ block }, 'turns a site away');
      const position = await blocker.put(block);
      log.info({ block, ...position }, 'nothing more comes from there, and all is replayed');
      return position;
    },
    take: async (block) => {
      await blocker.take(block);
      log.info({ block }, 'lets it in again');
    },
  });
  log.info({ socket: socket.path }, 'waits for the agent');
  await keep(blocker, signal);
  await socket.close();
}

function rulesFor(
  sites: Readonly<Record<Site, string>>,
  site: Site,
  ports: readonly number[],
): string | null {
  const url = sites[site];
  return url === undefined ? null : rulesAgainst(bareHost(new URL(url)), ports);
}

async function keep(blocker: Blocker, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(KEEP_EVERY_MS, undefined, { signal }).catch(() => undefined);
    await blocker
      .keep()
      .catch((err: unknown) => log.warn({ err }, 'what is noted is not in force'));
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

import { cpuMsOf, cpuMsOfTree } from '../../bench/cpu.ts';
import { residentMiB } from '../../bench/memory.ts';
import type { Target } from '../../bench/target.ts';
import { startCluster } from './cluster.ts';
import { untilWell } from './farol.ts';
import { patronictl } from './patroni.ts';
import type { Site, Unit } from './site.ts';
import { FRONT_PORT } from './site-files.ts';
import { until } from './until.ts';

/** Three sites for the benchmark, reached through the front beside the writer. */
export async function startClusterTarget(delayMs: number, mbit?: number): Promise<Target> {
  const begin = performance.now();
  const cluster = await startCluster({ sites: 3, delayMs, mbit });
  const active = await untilWell(cluster);
  const startedInMs = performance.now() - begin;
  const others = cluster.sites.filter((site) => site !== active);
  const pids = await hostPidsOf(active);
  const rest = (await Promise.all(others.map(hostPidsOf))).flatMap((site) => [...site.values()]);
  return {
    name: `three sites, ${2 * delayMs} ms${mbit === undefined ? '' : ` and ${mbit} Mbit/s`} between them`,
    origin: `https://${active.ip}:${FRONT_PORT}`,
    startedInMs,
    cpuMs: () => ({
      server: cpuMsOf(pids.get('server')!),
      front: cpuMsOf(pids.get('front')!),
      PostgreSQL: cpuMsOfTree(pids.get('postgresql')!),
      'other sites': rest.reduce((sum, pid) => sum + cpuMsOfTree(pid), 0),
    }),
    residents: () => ({
      server: residentMiB(pids.get('server')!),
      front: residentMiB(pids.get('front')!),
    }),
    metrics: () =>
      active.must([
        'curl',
        '-sS',
        '--unix-socket',
        '/run/farol/server/server.sock',
        'http://server/v1/metrics',
      ]),
    cloneAnew: () => cloneAnew(active, others[0]!),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

async function cloneAnew(active: Site, copy: Site) {
  const startOf = (site: Site) =>
    site.sql<{ at: string }>('SELECT pg_postmaster_start_time() AS at').then(([row]) => row!.at);
  const [size] = await active.sql<{ megabytes: number }>(
    'SELECT sum(pg_database_size(oid)) / 1e6 AS megabytes FROM pg_database',
  );
  const before = await startOf(copy);
  const begun = performance.now();
  await patronictl(active, `reinit farol ${copy.name} --force`);
  const isThere = async () =>
    (await startOf(copy)) !== before && (await streams(active)).includes(copy.name);
  await until(`${copy.name} has a database again`, isThere, CLONED_WITHIN_MS);
  return { megabytes: size!.megabytes, seconds: (performance.now() - begun) / 1_000 };
}

async function streams(active: Site): Promise<readonly string[]> {
  const rows = await active.sql<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_replication WHERE state = 'streaming'`,
  );
  return rows.map(({ name }) => name);
}

const CLONED_WITHIN_MS = 900_000;

const PROGRAMS: readonly [Unit | 'postgresql', RegExp][] = [
  ['server', /server\/main\.ts/],
  ['front', /failover\/main\.ts front/],
  ['postgresql', /postgres -D/],
  ['etcd', /^etcd/],
  ['patroni', /patroni \/etc/],
  ['agent', /failover\/main\.ts agent/],
];

/** The engine shows processes by the numbers that this machine has for them, as /proc here does. */
async function hostPidsOf(site: Site): Promise<Map<string, number>> {
  const { Processes } = await site.container.top({ ps_args: '-eo pid,args' });
  return new Map(
    PROGRAMS.flatMap(([name, pattern]) => {
      const found = (Processes as string[][]).find(([, args]) => pattern.test(args!));
      return found ? [[name, Number(found[0])] as const] : [];
    }),
  );
}

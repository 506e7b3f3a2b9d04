import { cpuMsOf, cpuMsOfTree } from '../../bench/cpu.ts';
import { residentMiB } from '../../bench/memory.ts';
import type { Target } from '../../bench/target.ts';
import { startCluster } from './cluster.ts';
import { untilWell } from './farol.ts';
import type { Site, Unit } from './site.ts';
import { FRONT_PORT } from './site-files.ts';

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
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

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

import { Client } from 'undici';
import { connectorWith } from '../certificates/connector.ts';
import type { Identity } from '../certificates/identity.ts';
import { socketOf } from '../sockets.ts';
import type { Status } from '../status/status.ts';
import { clusterMetrics } from './cluster-metrics.ts';

export interface Sources {
  readonly runtimeDir: string;
  /** This site's own member of etcd. */
  readonly etcd: string;
  readonly identity: Identity | undefined;
  /** It has an agent, and no data. */
  readonly witness: boolean;
}

/** A scrape of Prometheus takes 10 s at most, unless told. */
const ANSWER_WITHIN_MS = 5_000;

/** Whoever does not answer is told to be down, and keeps nothing else from being told. */
export async function gather(from: Sources): Promise<string> {
  const asked = Object.entries({
    agent: () => askAgent(from),
    etcd: () => askEtcd(from),
    ...(!from.witness && {
      server: () => overSocket(from, 'server', '/v1/metrics'),
      front: () => overSocket(from, 'front', '/metrics'),
    }),
  });
  const told = await Promise.all(asked.map(async ([, ask]) => ask().catch(() => null)));
  const up = asked.map(
    ([program], index) => `farol_up{program="${program}"} ${Number(told[index] !== null)}`,
  );
  return [...HEAD, ...up, ...told.filter((text) => text !== null)].join('\n').replace(/\n*$/, '\n');
}

const HEAD = ['# HELP farol_up 1 while a program of this site answers.', '# TYPE farol_up gauge'];

async function askAgent(from: Sources): Promise<string> {
  return clusterMetrics(JSON.parse(await overSocket(from, 'agent', '/v1/status')) as Status);
}

function overSocket(
  { runtimeDir }: Sources,
  program: 'agent' | 'front' | 'server',
  path: string,
): Promise<string> {
  return get(new Client(`http://${program}`, { socketPath: socketOf(runtimeDir, program) }), path);
}

/** Of the thousand that it has: whether the disk is fast enough, leaders change, and the database fills. */
const OF_ETCD =
  /^(# (HELP|TYPE) )?etcd_(disk_wal_fsync_duration_seconds|server_has_leader|server_leader_changes_seen_total|mvcc_db_total_size_in_bytes|server_quota_backend_bytes)/;

async function askEtcd({ etcd, identity }: Sources): Promise<string> {
  const connect = connectorWith(identity, { timeoutMs: ANSWER_WITHIN_MS });
  const text = await get(new Client(etcd, { allowH2: false, connect }), '/metrics');
  return text
    .split('\n')
    .filter((line) => OF_ETCD.test(line))
    .join('\n');
}

async function get(client: Client, path: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await client.request({ path, method: 'GET', signal });
    const text = await answer.body.text();
    if (answer.statusCode !== 200)
      throw new Error(`${path} was answered with ${answer.statusCode}`);
    return text;
  } finally {
    await client.destroy();
  }
}

import { join } from 'node:path';
import { outputOf } from '../adapters/program.ts';
import { bareHost } from '../core/bare-host.ts';
import { ancestorsIn } from './copy.ts';

const ANSWERS_WITHIN_MS = 4_000;
/** As whom pg_hba lets a site in for replication alone (patroni-config/patroni.yml). */
const AS = 'user=replicator replication=true target_session_attrs=any';

/** The timelines that PostgreSQL behind a connection string has gone through, the one that it is on last. */
export async function chainAt(source: string, binDir: string): Promise<number[]> {
  const [identity = ''] = (await ask(source, binDir, 'IDENTIFY_SYSTEM')).split('\n');
  const timeline = Number(identity.split('|')[1]);
  if (!Number.isInteger(timeline)) throw new Error(`the source names no timeline: ${identity}`);
  if (timeline === 1) return [1];
  const history = await ask(source, binDir, `TIMELINE_HISTORY ${timeline}`);
  return [...ancestorsIn(history.slice(history.indexOf('|') + 1)), timeline];
}

const ask = (source: string, binDir: string, command: string): Promise<string> =>
  outputOf(join(binDir, 'psql'), ['-XAtq', '-d', `${source} ${AS}`, '-c', command], {
    withinMs: ANSWERS_WITHIN_MS,
  });

/** As `memberIn` says it. Patroni quotes a value only where it has to. */
export function hostIn(source: string): string {
  const host = /(?:^|\s)host='?([^'\s]+)/.exec(source)?.[1];
  if (host === undefined) throw new Error(`a source without a host: ${source}`);
  return bareHost(new URL(`postgres://${host.includes(':') ? `[${host}]` : host}`));
}

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { bytesIn } from '../adapters/patroni/log-position.ts';
import { outputOf } from '../adapters/program.ts';
import type { Look } from './exhausted.ts';

export interface StandbyOptions {
  /** Of the user as whom PostgreSQL is asked. */
  readonly dataDir: string;
  readonly binDir: string;
  readonly socketDir: string;
  readonly now: () => number;
}

const ASK_WITHIN_MS = 1_500;

/**
 * Each a transaction of its own, in this order: once no receiver is there what it wrote counts (WalRcvDie), so the positions are of then or later. The last
 * one tells the timeline that is replayed, which no function does while a standby replays.
 */
const QUESTIONS = [
  `SELECT coalesce(json_agg(pid), '[]') FROM pg_stat_activity WHERE backend_type = 'walreceiver'`,
  `SELECT json_build_object(
     'inRecovery', pg_is_in_recovery(),
     'received', pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0'),
     'replayed', pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'),
     'waits', (SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup'),
     'retryMs', (SELECT setting::int FROM pg_settings WHERE name = 'wal_retrieve_retry_interval'))`,
  'IDENTIFY_SYSTEM',
];

const receivers = z.array(z.int());
const positions = z.object({
  inRecovery: z.boolean(),
  received: z.int().nullable(),
  replayed: z.int().nullable(),
  waits: z.string().nullable(),
  retryMs: z.int(),
});

/**
 * PostgreSQL of this site, asked as its own user, who needs no password: by a program, since this one is root. Rejects where it does not answer.
 */
export async function lookAt({ dataDir, binDir, socketDir, now }: StandbyOptions): Promise<Look> {
  const { uid, gid } = await stat(dataDir);
  const asUser = process.getuid?.() === 0 ? { uid, gid } : {};
  const printed = await outputOf(
    join(binDir, 'psql'),
    [
      ...['-XAtq', '--set=ON_ERROR_STOP=1', '-d', conninfo(socketDir)],
      ...QUESTIONS.flatMap((question) => ['-c', question]),
    ],
    { ...asUser, cwd: '/', env: { LC_ALL: 'C' }, withinMs: ASK_WITHIN_MS },
  );
  return lookIn(printed, now());
}

/** A connection for replication, since only such a one is told the timeline; it takes queries, too. */
const conninfo = (socketDir: string): string =>
  `host=${socketDir} dbname=postgres user=postgres replication=database connect_timeout=2`;

export function lookIn(printed: string, atMs: number): Look {
  const [processes = '', state = '', system = ''] = printed.trim().split('\n').map(trimmed);
  const [, timeline = '', end = ''] = system.split('|');
  const lsn = bytesIn(end);
  if (lsn === null) throw new Error(`"${end}" is no position`);
  return {
    atMs,
    receivers: receivers.parse(JSON.parse(processes)),
    ...positions.parse(JSON.parse(state)),
    timeline: z.coerce.number().int().min(1).parse(timeline),
    lsn,
  };
}

const trimmed = (line: string): string => line.trim();

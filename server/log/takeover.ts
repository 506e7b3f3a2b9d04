import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { BULK_APPLICATION } from '../storage/database.ts';
import { MIGRATION_APPLICATION } from '../storage/migration-session.ts';
import { LogClock } from './clock.ts';
import { Writer, type WriterOptions } from './writer.ts';
import { WRITER_APPLICATION, WriterConnection } from './writer-connection.ts';

export interface TakeoverOptions
  extends Pick<
    WriterOptions,
    'deadline' | 'onEnd' | 'onBatch' | 'nowMs' | 'waitingMax' | 'withheldMsMax'
  > {
  readonly url: string;
  /** The create revision of the leader key in etcd, as decimal int64; '0' where there is no etcd. */
  readonly leaderRevision: string;
  /** Brings the schema up to date, when no other writer works on it any more. */
  readonly migrate?: (() => Promise<void>) | undefined;
  /** By how much the epoch grows where the leader key does not say so: by chance. */
  readonly epochStep?: (() => number) | undefined;
  /** Ends the attempt: the agent took the role back, or the server is stopped. */
  readonly signal?: AbortSignal;
}

/** PostgreSQL beside us is a standby: here nobody can become the writer. */
export class InRecovery extends Error {
  override readonly name = 'InRecovery';
}

const RETRY_MS = 50;

/**
 * Becomes the writer (D3.1). Every start of a writer is a takeover, also on the machine where the
 * last one was killed a moment ago: its backend may live on, waiting for a standby with the row in
 * hand, and would make its batch visible behind our back.
 *
 * Resolves only when the new epoch is confirmed by the standbys that commits need. WAL is ordered,
 * so all that came before is then as safe as that; until then nothing may be read or judged.
 */
export async function takeOver(options: TakeoverOptions): Promise<Writer> {
  let ended = options.onEnd;
  const connection = await WriterConnection.open(options.url, (error) => ended(error));
  const cut = () => connection.destroy();
  options.signal?.addEventListener('abort', cut, { once: true });
  try {
    await refuseInRecovery(connection.client);
    await endOtherWriters(connection.client);
    await options.migrate?.();
    await takeRow(connection.client);
    const begun = await beginEpoch(connection, options);
    const clock = new LogClock(await readClock(connection.client), options.nowMs);
    const writer = new Writer({ ...options, ...begun, connection, clock });
    ended = (error) => writer.lost(error);
    return writer;
  } catch (error) {
    ended = () => {};
    connection.destroy();
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', cut);
  }
}

async function refuseInRecovery(client: pg.Client) {
  const { rows } = await client.query<{ standby: boolean }>(
    'SELECT pg_is_in_recovery() AS standby',
  );
  if (rows[0]?.standby) throw new InRecovery('PostgreSQL is a standby: no writer can start here');
}

/** Repeats, since a frozen client's transaction or a new start of the old writer may hold the row again. */
async function takeRow(client: pg.Client) {
  for (;;) {
    await endOtherWriters(client);
    await client.query('BEGIN');
    try {
      await client.query('SELECT 1 FROM log_head FOR UPDATE NOWAIT');
      return;
    } catch (error) {
      if (!isLockTaken(error)) throw error;
      await client.query('ROLLBACK');
      await sleep(RETRY_MS);
    }
  }
}

/**
 * A backend that waits for its standby ends as well; what it wrote becomes visible, unacknowledged. So
 * does a migration that a frozen server has left open.
 */
async function endOtherWriters(client: pg.Client) {
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = ANY ($1) AND datname = current_database() AND pid <> pg_backend_pid()`,
    [[WRITER_APPLICATION, MIGRATION_APPLICATION, BULK_APPLICATION]],
  );
}

const isLockTaken = (error: unknown) => error instanceof pg.DatabaseError && error.code === '55P03';

/**
 * An epoch has a number that no epoch had before, also not one that this database has forgotten: where
 * a backup was restored, a token of the time that is lost must not pass for one of the new time (D2).
 * The revision of the leader key grows through that. Where there is none, or where etcd was rebuilt
 * and counts from the beginning again, chance sees to it.
 */
async function beginEpoch(connection: WriterConnection, options: TakeoverOptions) {
  const { leaderRevision, epochStep = byChance } = options;
  const { client } = connection;
  const { rows } = await client.query<{ epoch: number; position: number }>(
    `UPDATE log_head SET epoch = CASE WHEN $1::bigint > epoch THEN $1 ELSE epoch + $2::bigint END
     RETURNING epoch, position`,
    [leaderRevision, epochStep()],
  );
  const head = rows[0];
  if (!head) throw new Error('The table log_head is empty: this is no database of Farol');
  await client.query('INSERT INTO epoch (epoch, begins_after) VALUES ($1, $2)', [
    head.epoch,
    head.position,
  ]);
  await connection.commit();
  return head;
}

async function readClock(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ ms: number }>(
    'SELECT extract(epoch FROM at)::float8 * 1000 AS ms FROM log_clock',
  );
  return rows[0]!.ms;
}

/** Room for eight million takeovers, until numbers are not exact any more. */
const byChance = () => randomInt(1, 2 ** 31);

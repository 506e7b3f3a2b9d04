import type { Database } from './database.ts';

export interface StoredRecord {
  readonly position: number;
  readonly kind: string;
  readonly version: number;
  readonly payload: string;
}

export interface StoredEpoch {
  readonly epoch: number;
  /** The last position of the epoch before it. */
  readonly beginsAfter: number;
}

/** In ascending order. */
export const readEpochs = (database: Database) =>
  database.query<StoredEpoch>(
    'log_epochs',
    'SELECT epoch, begins_after AS "beginsAfter" FROM epoch ORDER BY epoch',
  );

export async function readHead(database: Database): Promise<{ epoch: number; position: number }> {
  const [head] = await database.query<{ epoch: number; position: number }>(
    'log_read_head',
    'SELECT epoch, position FROM log_head',
  );
  if (!head) throw new Error('The table log_head is empty: this is no database of Farol');
  return head;
}

export const readRecords = (database: Database, range: { after: number; limit: number }) =>
  database.query<StoredRecord>(
    'log_read',
    `SELECT position, kind, version, payload FROM log WHERE position > $1 ORDER BY position LIMIT $2`,
    [range.after, range.limit],
  );

/** Never back, and only by the writer of this epoch: where it ends, the next one goes on. */
export const saveClock = (database: Database, { epoch, ms }: { epoch: number; ms: number }) =>
  database.query(
    'log_save_clock',
    `UPDATE log_clock SET at = greatest(at, to_timestamp($1::float8 / 1000))
     WHERE (SELECT epoch FROM log_head) = $2`,
    [ms, epoch],
  );

/**
 * Removes up to `limit` records, the oldest first, if all of them are older than the age; says
 * whether it did. Reads one row when there is nothing to do.
 */
export async function trimRecords(
  database: Database,
  options: { olderThanMs: number; limit: number },
): Promise<boolean> {
  const [trimmed] = await database.query<{ count: number }>(
    'log_trim',
    `WITH boundary AS (
       SELECT position, at FROM log ORDER BY position OFFSET $1 - 1 LIMIT 1),
     gone AS (
       DELETE FROM log USING boundary
       WHERE log.position <= boundary.position
         AND boundary.at < now() - $2 * interval '1 millisecond'
       RETURNING 1)
     SELECT count(*) AS count FROM gone`,
    [options.limit, options.olderThanMs],
  );
  return (trimmed?.count ?? 0) > 0;
}

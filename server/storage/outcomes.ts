import type { Database } from './database.ts';

export interface StoredOutcome {
  readonly key: Buffer;
  readonly status: number;
  readonly body: Buffer;
  readonly secret: boolean;
}

/** An outcome that should have been swept holds until it is: the insert of its key would fail. */
export const findOutcomes = (database: Database, keys: readonly Buffer[]) =>
  database.query<StoredOutcome>(
    'outcomes_find',
    'SELECT key, status, body, secret FROM outcome WHERE key = ANY($1::bytea[])',
    [keys],
  );

/**
 * Removes at most `limit` outcomes whose time is over, and says how many there were. Their time is that
 * of the log's clock.
 */
export async function sweepOutcomes(database: Database, limit: number): Promise<number> {
  const [swept] = await database.query<{ count: number }>(
    'outcomes_sweep',
    `WITH gone AS (
       DELETE FROM outcome WHERE key IN (
         SELECT key FROM outcome
         WHERE expires_at < (SELECT at FROM log_clock)
         ORDER BY expires_at LIMIT $1)
       RETURNING 1)
     SELECT count(*) AS count FROM gone`,
    [limit],
  );
  return swept?.count ?? 0;
}

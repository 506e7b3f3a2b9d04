import type { Database } from './database.ts';

export interface StoredOutcome {
  readonly key: Buffer;
  readonly status: number;
  readonly body: Buffer;
  readonly secret: boolean;
}

/**
 * An outcome that should have been swept holds until it is: the insert of its key would fail. One key
 * alone is asked for as such, since PostgreSQL would plan anew each time for a list of one (measured:
 * 45 us of its CPU, and 13 so). So it would for each longer list, whose length it counts on, but for one that comes out of
 * a statement.
 */
export const findOutcomes = (database: Database, keys: readonly Buffer[]) =>
  keys.length === 1
    ? database.query<StoredOutcome>('outcome_find', `${FIND} WHERE key = $1`, [keys[0]!])
    : database.query<StoredOutcome>(
        'outcomes_find',
        `${FIND} WHERE key = ANY(ARRAY(SELECT unnest($1::bytea[])))`,
        [keys],
      );

const FIND = 'SELECT key, status, body, secret FROM outcome';

export const OUTCOME_KEY_BYTES = 16;

/** The next of all keys, one behind the other. */
export async function outcomeKeysAfter(
  database: Database,
  last: Buffer | undefined,
  limit: number,
): Promise<{ readonly count: number; readonly keys: Buffer }> {
  const [page] = await database.query<{ count: number; keys: Buffer | null }>(
    'outcome_keys',
    `SELECT count(*) AS count, string_agg(key, '' ORDER BY key) AS keys
     FROM (SELECT key FROM outcome WHERE key > $1::bytea ORDER BY key LIMIT $2) AS page`,
    [last ?? Buffer.alloc(0), limit],
  );
  const { count, keys } = { count: page!.count, keys: page!.keys ?? Buffer.alloc(0) };
  if (keys.length !== count * OUTCOME_KEY_BYTES)
    throw new Error(`${count} keys of outcomes have ${keys.length} bytes`);
  return { count, keys };
}

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

import type { Database } from '../database.ts';

/** Removes at most `limit` of each kind of what is kept for a time that is over, and says whether there may be more. */
export async function sweepExpired(
  database: Database,
  { nowMs, limit }: { nowMs: number; limit: number },
): Promise<boolean> {
  const counts = await Promise.all(
    Object.entries(SWEEPS).map(async ([name, sql]) => {
      const [swept] = await database.query<{ count: number }>(name, sql, [nowMs, limit]);
      return swept?.count ?? 0;
    }),
  );
  return counts.includes(limit);
}

/** It waits for no row: a writer that waits for one of its rows meanwhile would be ended as a deadlock. */
const sweepOf = (table: string): string => `WITH gone AS (
    DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM ${table} WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2
      FOR UPDATE SKIP LOCKED))
    RETURNING 1)
  SELECT count(*) AS count FROM gone`;

const SWEEPS = {
  finished_stages_sweep: sweepOf('finished_stage'),
  login_tokens_sweep: sweepOf('login_token'),
  failed_passwords_sweep: sweepOf('failed_password'),
  long_orders_sweep: sweepOf('long_order'),
  ended_sign_ins_sweep: sweepOf('ended_sign_in'),
  validations_sweep: sweepOf('validation'),
  mails_sweep: sweepOf('mail'),
};

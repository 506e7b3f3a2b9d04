import pg from 'pg';

/** Holds the row of the fence, as a batch that waits for its standby does. */
export async function holdCommits(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
  return {
    async untilOneWaits() {
      const waiting = `SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      while ((await client.query(waiting)).rowCount === 0);
    },
    async release() {
      await client.query('COMMIT');
      await client.end();
    },
  };
}

import type { Site } from './site.ts';
import { until } from './until.ts';

/** Waits until a commit of the writer waits for a standby. */
export async function untilBatchWaits(primary: Site): Promise<void> {
  await until('a batch waits for its standby', async () => {
    const [row] = await primary.sql<{ waiting: number }>(
      `SELECT count(*) AS waiting FROM pg_stat_activity
       WHERE application_name = 'farol-writer' AND wait_event = 'SyncRep'`,
    );
    return row!.waiting > 0;
  });
}

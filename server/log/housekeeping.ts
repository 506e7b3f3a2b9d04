import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../storage/database.ts';
import { trimRecords } from '../storage/log.ts';
import { sweepOutcomes } from '../storage/outcomes.ts';

const EVERY_MS = 60_000;
const LOG_KEPT_MS = 24 * 3_600_000;
/** Small transactions: each is WAL that commits have to wait behind. */
const ROWS_MAX = 2_000;

/** Removes what the log and the outcomes keep no longer. Only the writer does so. */
export async function keepHouse(
  database: Database,
  options: { signal: AbortSignal; onError: (error: unknown) => void },
): Promise<void> {
  while (!options.signal.aborted) {
    try {
      await trimLog(database, options.signal);
      await sweep(database, options.signal);
    } catch (error) {
      options.onError(error);
    }
    await sleep(EVERY_MS, undefined, { signal: options.signal, ref: false }).catch(() => {});
  }
}

export async function trimLog(database: Database, signal: AbortSignal, olderThanMs = LOG_KEPT_MS) {
  while (!signal.aborted && (await trimRecords(database, { olderThanMs, limit: ROWS_MAX })));
}

async function sweep(database: Database, signal: AbortSignal) {
  while (!signal.aborted && (await sweepOutcomes(database, ROWS_MAX)) === ROWS_MAX);
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../storage/database.ts';
import { moveClock, trimRecords } from '../storage/log.ts';
import { sweepOutcomes } from '../storage/outcomes.ts';

const EVERY_MS = 60_000;
const LOG_KEPT_MS = 24 * 3_600_000;
/** Small transactions: each is WAL that commits have to wait behind. */
const ROWS_MAX = 2_000;

export interface HouseOptions {
  readonly signal: AbortSignal;
  readonly epoch: number;
  readonly onError: (error: unknown) => void;
  readonly nowMs?: () => number;
  /** Resolves when it is time again. */
  readonly pause?: (signal: AbortSignal) => Promise<unknown>;
}

/** Lets the log's clock go on, and removes what is kept no longer by it. Only the writer does so. */
export async function keepHouse(database: Database, options: HouseOptions): Promise<void> {
  const { signal, epoch, onError, nowMs = () => performance.now(), pause = aMinute } = options;
  let lastMs = nowMs();
  while (!signal.aborted) {
    try {
      const now = nowMs();
      await moveClock(database, { epoch, ms: now - lastMs });
      lastMs = now;
      await trimLog(database, signal);
      await sweep(database, signal);
    } catch (error) {
      onError(error);
    }
    await pause(signal).catch(() => {});
  }
}

export async function trimLog(database: Database, signal: AbortSignal, olderThanMs = LOG_KEPT_MS) {
  while (!signal.aborted && (await trimRecords(database, { olderThanMs, limit: ROWS_MAX })));
}

async function sweep(database: Database, signal: AbortSignal) {
  while (!signal.aborted && (await sweepOutcomes(database, ROWS_MAX)) === ROWS_MAX);
}

const aMinute = (signal: AbortSignal) => sleep(EVERY_MS, undefined, { signal, ref: false });

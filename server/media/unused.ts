import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkLane } from '../log/bulk.ts';
import type { Stored } from '../log/stored.ts';
import { sweepExpiredMedia } from '../storage/media/media.ts';

export interface SweepOptions {
  readonly stored: Pick<Stored, 'now'>;
  readonly lane: BulkLane;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

const EVERY_MS = 3_600_000;
const ROWS_MAX = 500;
const WAL_BYTES = 64 * 1024;

/** Takes media ids away that were created and never given content, every hour. */
export async function sweepUnused({ stored, lane, onError, signal }: SweepOptions): Promise<void> {
  while (!signal.aborted) {
    // Long after their time, so that none is met that is being given its content.
    const some = { nowMs: stored.now() - EVERY_MS, limit: ROWS_MAX };
    try {
      while (await lane.piece(WAL_BYTES, (database) => sweepExpiredMedia(database, some)));
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    await sleep(EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

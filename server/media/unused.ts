import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkLane } from '../log/bulk.ts';
import type { Stored } from '../log/stored.ts';
import { sweepExpiredMedia } from '../storage/media/media.ts';
import type { Removal } from './removal.ts';

export interface SweepOptions {
  readonly stored: Pick<Stored, 'now'>;
  readonly lane: BulkLane;
  readonly removal: Pick<Removal, 'removeUnused'>;
  /** For how many days files stay that nobody asks for; undefined where for ever. */
  readonly keptDays: number | undefined;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

const DAY_MS = 24 * 3_600_000;
const EVERY_MS = 3_600_000;
const ROWS_MAX = 500;
const WAL_BYTES = 64 * 1024;

/** Every hour: media ids that were created and never given content, and files that nobody has asked for in their time. */
export async function sweepUnused(options: SweepOptions): Promise<void> {
  const { onError, signal } = options;
  while (!signal.aborted) {
    try {
      await sweepEmpty(options);
      await sweepUnread(options);
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    await sleep(EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function sweepEmpty({ stored, lane, signal }: SweepOptions): Promise<void> {
  // Long after their time, so that none is met that is being given its content.
  const some = { nowMs: stored.now() - EVERY_MS, limit: ROWS_MAX };
  while (
    !signal.aborted &&
    (await lane.piece(WAL_BYTES, (database) => sweepExpiredMedia(database, some)))
  );
}

export async function sweepUnread({
  stored,
  removal,
  keptDays,
}: Pick<SweepOptions, 'stored' | 'removal' | 'keptDays'>): Promise<void> {
  if (keptDays === undefined) return;
  const beforeMs = stored.now() - keptDays * DAY_MS;
  await removal.removeUnused({ beforeMs, largerThanBytes: -1, keepsPictures: true });
}

import { commitRows } from '../log/commit-rows.ts';
import type { Stored } from '../log/stored.ts';
import { delayedEventGoneRow, delayedEventsToForget } from '../storage/rooms/delayed-events.ts';

/** Long enough to ask what became of one; MSC4140 lets the server choose. */
const KEPT_MS = 7 * 24 * 3_600_000;
const KEPT_OF_USER = 100;
/** Small changes: others wait behind them. */
const AT_ONCE = 500;

/** Of delayed events that were sent or will never be. */
export async function forgetFinalised({
  database,
  log,
  now,
}: Pick<Stored, 'database' | 'log' | 'now'>): Promise<void> {
  const wish = { beforeMs: now() - KEPT_MS, keptOfUser: KEPT_OF_USER, limit: AT_ONCE };
  for (;;) {
    const gone = await delayedEventsToForget(database, wish);
    if (gone.length > 0) await commitRows(log, gone.map(delayedEventGoneRow));
    if (gone.length < AT_ONCE) return;
  }
}

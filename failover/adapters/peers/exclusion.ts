import { join } from 'node:path';
import type { Millis } from '../../core/timings.ts';
import { textOf } from '../word.ts';

/**
 * That this site lets the leader go on without etcd, and that its own PostgreSQL is promoted, must never be at one time (F20). Two programs of two
 * users decide that, so each first says what it is about to do, in a file that it alone writes, and then reads what the other has said. Of two that
 * do so at once one at least sees the other: the agent then says no, and the promotion waits until the leave is over.
 *
 * Both count by CLOCK_BOOTTIME, and /run is empty after a start of the machine.
 */
export const leaveFile = (runtimeDir: string): string => join(runtimeDir, 'failsafe', 'leave.json');
export const promotingFile = (runtimeDir: string): string =>
  join(runtimeDir, 'promotion', 'promoting.json');

/**
 * Until when what a file says holds; long ago where there is none. What cannot be read may say anything, and nothing that it could say
 * holds for longer than `maxMs`.
 */
export async function heldUntil(path: string, now: Millis, maxMs: Millis): Promise<Millis> {
  const text = await textOf(path).catch((error: NodeJS.ErrnoException) => {
    return error.code === 'ENOENT' ? null : '';
  });
  if (text === null) return Number.NEGATIVE_INFINITY;
  const until = untilIn(text);
  return until === null ? now + maxMs : Math.min(until, now + maxMs);
}

function untilIn(text: string): Millis | null {
  try {
    const { until } = JSON.parse(text) as { until?: unknown };
    return typeof until === 'number' ? until : null;
  } catch {
    return null;
  }
}

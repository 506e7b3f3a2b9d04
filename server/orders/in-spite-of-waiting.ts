import { setTimeout as sleep } from 'node:timers/promises';
import { MustWait } from '../log/log.ts';
import { MatrixError } from '../protocol/matrix-error.ts';

/**
 * Does it as soon as whoever it is done for may have something waiting: they have their share of that by other requests, and
 * nobody waits for this one. Answers with why it was refused, if it was.
 */
export async function inSpiteOfWaiting(
  signal: AbortSignal,
  act: () => Promise<unknown>,
): Promise<MatrixError | undefined> {
  while (!signal.aborted) {
    try {
      await act();
      return undefined;
    } catch (error) {
      if (error instanceof MatrixError) return error;
      if (!(error instanceof MustWait)) throw error;
      await sleep(error.waitMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }
  return undefined;
}

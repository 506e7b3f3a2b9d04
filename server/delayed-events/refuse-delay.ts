import { EVENT_BYTES_MAX } from '../protocol/limits.ts';
import { invalidParam, MatrixError, tooLarge } from '../protocol/matrix-error.ts';
import type { Draft } from '../rooms/draft.ts';
import { refuseIllNamed } from '../rooms/write/well-named-state.ts';

export const DELAY_MS_MAX = 24 * 3_600_000;

/** Of one user at once. */
export const SCHEDULED_MAX = 100;

/** What could never be sent is refused at once; whether its sender may send it is asked when it is due. */
export function refuseDelay(draft: Draft, delayMs: number): void {
  if (delayMs <= 0) throw invalidParam('The delay is a number of milliseconds above 0');
  if (delayMs > DELAY_MS_MAX) throw tooLong();
  refuseIllNamed(draft);
  if (Buffer.byteLength(JSON.stringify(draft.content)) > EVENT_BYTES_MAX)
    throw tooLarge('The content is larger than an event may be');
}

const tooLong = () =>
  new MatrixError(403, 'M_FORBIDDEN', `The longest delay is ${DELAY_MS_MAX} ms`);

import { z } from 'zod';
import { DELAY_MS_MAX } from '../../delayed-events/refuse-delay.ts';
import { wholeNumber } from '../../http/fields.ts';
import { MatrixError } from '../../http/matrix-error.ts';

const DELAY = 'org.matrix.msc4140.delay';

/** How events were delayed before MSC4140 was merged, and still are by clients. */
export const delayInQuery = z.object({ [DELAY]: wholeNumber.optional() });

/** Undefined for an event that goes out at once. */
export function delayIn(query: z.infer<typeof delayInQuery>): number | undefined {
  const delayMs = query[DELAY];
  if (delayMs === undefined || delayMs <= DELAY_MS_MAX) return delayMs;
  throw new MatrixError(400, 'M_UNKNOWN', 'The delay is longer than this server allows', {
    // By these clients of then find out how long it may be.
    fields: {
      'org.matrix.msc4140.errcode': 'M_MAX_DELAY_EXCEEDED',
      'org.matrix.msc4140.max_delay': DELAY_MS_MAX,
    },
  });
}

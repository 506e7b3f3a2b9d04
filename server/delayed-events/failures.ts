import { BuiltOnRefused, MustWait, NotWriter, RefusedForData } from '../log/log.ts';
import type { JsonObject } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';

/** What stands in a delayed event that could not be sent and never will be; undefined where it may be tried again. */
export function refusalFor(error: unknown): JsonObject | undefined {
  if (error instanceof MatrixError) return isOfNow(error) ? undefined : error.body;
  if (error instanceof RefusedForData) return { errcode: 'M_UNKNOWN', error: error.message };
  return undefined;
}

/** Too much to do, or another server that does not answer: the policy server of the room, say. */
const isOfNow = ({ status }: MatrixError): boolean => status === 429 || status >= 500;

/** Of all else nobody knows whether it was committed. */
export const isCertainlyNotDone = (error: unknown): boolean =>
  [BuiltOnRefused, MatrixError, MustWait, NotWriter, RefusedForData].some(
    (kind) => error instanceof kind,
  );

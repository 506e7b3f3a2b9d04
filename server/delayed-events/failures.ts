import { BuiltOnRefused, MustWait, NotWriter, RefusedForData } from '../log/log.ts';
import type { JsonObject } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';

/** What stands in a delayed event that could not be sent and never will be; undefined where it may be tried again. */
export function refusalFor(error: unknown): JsonObject | undefined {
  if (error instanceof MatrixError) return error.body;
  if (error instanceof RefusedForData) return { errcode: 'M_UNKNOWN', error: error.message };
  return undefined;
}

/** Of all else nobody knows whether it was committed. */
export const isCertainlyNotDone = (error: unknown): boolean =>
  [BuiltOnRefused, MatrixError, MustWait, NotWriter, RefusedForData].some(
    (kind) => error instanceof kind,
  );

import { NotWriter, OutcomeUnknown } from '../log/log.ts';
import { DatabaseUnavailable } from '../storage/database.ts';

/** Behind these the work is the next writer's; any other error is of the work itself. */
export const endsTheWriter = (error: unknown): boolean =>
  error instanceof NotWriter ||
  error instanceof OutcomeUnknown ||
  error instanceof DatabaseUnavailable;

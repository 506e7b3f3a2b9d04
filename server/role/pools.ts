import type { Logger } from 'pino';
import { connectPool, type DatabasePool, type SessionKind, STAGING } from '../storage/database.ts';

const LOOK_UPS_MAX = 2;
/** Bulk goes in one piece at a time. */
const BULK_MAX = 1;

/**
 * The connections beside the log's own: for reading, and for staging what is large. Tokens and outcomes are looked up on connections of their own: a few
 * large reads that hold all others must not keep a logout, or the repeat of a send, waiting.
 */
export function openPools(options: {
  url: string;
  readersMax: number;
  logger: Logger;
  stack: AsyncDisposableStack;
}): { database: DatabasePool; lookUps: DatabasePool; bulk: DatabasePool } {
  const { url, readersMax, logger, stack } = options;
  const open = (connectionsMax: number, session?: SessionKind) => {
    const pool = connectPool(url, {
      connectionsMax,
      ...(session && { session }),
      // The driver's stack says nothing of who closed it.
      onError: ({ message }) =>
        logger.warn({ said: message }, 'a connection to the database was lost'),
    });
    stack.defer(() => pool.end());
    return pool;
  };
  return {
    database: open(readersMax),
    lookUps: open(LOOK_UPS_MAX),
    bulk: open(BULK_MAX, STAGING),
  };
}

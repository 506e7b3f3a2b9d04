import type { Database } from '../storage/database.ts';
import type { KeyedMutex } from './keyed-mutex.ts';
import type { Log } from './log.ts';

/** What features that live in the database need. */
export interface Stored {
  readonly database: Database;
  /** Connections of their own: who is behind a token must be found out also where all others wait. */
  readonly lookUps: Database;
  readonly log: Pick<Log, 'commit' | 'onCommitted'>;
  /** One for the whole server: `user:@id` is held from a read until what was made of it is committed. */
  readonly locks: KeyedMutex;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export const lockOf = (userId: string): string => `user:${userId}`;

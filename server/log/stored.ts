import type { Database } from '../storage/database.ts';
import type { KeyedMutex } from './keyed-mutex.ts';
import type { Log, LogReader } from './log.ts';

/** What features that live in the database need. */
export interface Stored {
  readonly database: Database;
  /** Connections of their own: who is behind a token must be found out also where all others wait. */
  readonly lookUps: Database;
  readonly log: LogReader & Pick<Log, 'commit'>;
  /** One for the whole server: `user:@id` is held from a read until what was made of it is committed. */
  readonly locks: KeyedMutex;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What a feature needs that changes nothing, and so may run beside any follower. */
export interface StoredReader extends Pick<Stored, 'database'> {
  readonly log: LogReader;
}

export const lockOf = (userId: string): string => `user:${userId}`;

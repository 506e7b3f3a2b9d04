import type { Change, PlacedRecord } from './change.ts';
import type { OutcomeRow } from './outcomes.ts';

export { DatabaseUnavailable } from '../storage/database.ts';

/** What is told of the log wherever it is followed: in the writer, and on a follower that tails it. */
export interface LogReader {
  readonly epoch: number;

  /**
   * In order of position, after the commit, before its commit() resolves, and also where the deadline
   * has passed meanwhile. Memory changes here, and never in code after an `await commit(…)`: an
   * answer may be withheld, a commit is never taken back.
   */
  onCommitted(listener: (records: readonly PlacedRecord[]) => void): void;

  /** The last position that is committed and confirmed. */
  readonly committed: { readonly epoch: number; readonly position: number };

  /**
   * False past the deadline of D3.2, while something is committed that may not be told, and when the writer is at its end: no
   * client may get any answer, reads included, and nothing may leave the house that was read of the database.
   */
  mayAnswer(): boolean;
}

/** The one way in which anything durable changes. Lives in the writer. */
export interface Log extends LogReader {
  /**
   * Runs `build` at once and synchronously; `position()` hands out the next position, which is also
   * the only source of new numeric ids. Resolves when the batch is committed and confirmed by the
   * standbys. The next change may be built on this one before that; nobody may be told of it.
   *
   * Rejects with one of the errors below, or with what `build` threw, in which case nothing was
   * written and `build` must have changed no memory.
   */
  commit<T>(build: (position: () => number) => { change: Change; value: T }): Promise<T>;

  /**
   * Takes so many positions out of the log, for rows that are staged on other connections, and
   * answers the first of them. It is a commit: no later writer hands them out again (D1, bulk).
   */
  reserve(count: number): Promise<number>;

  /** The outcomes that stand in the database now. As `onCommitted`. */
  onOutcomes(listener: (outcomes: readonly OutcomeRow[]) => void): void;

  /** The keys of memory that holds refused changes: drop it, and load it again when needed. */
  onRefused(listener: (touches: ReadonlySet<string>) => void): void;
}

/** The database refuses this change for its data. It was not executed, and never will be: 500. */
export class RefusedForData extends Error {
  override readonly name = 'RefusedForData';
}

/** It lies with what this user has sent: 429, and never the end of the way for others. */
export class MustWait extends Error {
  readonly waitMs: number;

  constructor(why: string, waitMs: number) {
    super(why);
    this.waitMs = waitMs;
  }
}

/** So many changes of this user were refused for their data that others suffer from it. */
export class TooManyRefused extends MustWait {
  override readonly name = 'TooManyRefused';

  constructor(waitMs: number) {
    super('Too many changes were refused for their data', waitMs);
  }
}

/** So many changes of this user wait that they have their share of what may. */
export class TooManyWaiting extends MustWait {
  override readonly name = 'TooManyWaiting';

  constructor() {
    super('Too many changes are waiting', 1_000);
  }
}

/** This change was built on memory of one that was refused. Load again and try again, boundedly. */
export class BuiltOnRefused extends Error {
  override readonly name = 'BuiltOnRefused';
}

/** This server is not the writer (any more). The change was certainly not executed: 503, held by the front. */
export class NotWriter extends Error {
  override readonly name = 'NotWriter';
}

/** Nobody may say whether the change was executed. It ends the writer; the client's connection is cut without an answer. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

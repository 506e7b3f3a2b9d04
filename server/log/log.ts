import type { Change, PlacedRecord } from './change.ts';

export { DatabaseUnavailable } from '../storage/database.ts';

/** The one way in which anything durable changes. Lives in the writer. */
export interface Log {
  readonly epoch: number;

  /**
   * Runs `build` at once and synchronously; `position()` hands out the next position, which is also
   * the only source of new numeric ids. Resolves when the batch is committed and confirmed by the
   * standbys. The next change may be built on this one before that; nobody may be told of it.
   *
   * Rejects with `RefusedForData`, `BuiltOnRefused`, `NotWriter` or `OutcomeUnknown`, or with what
   * `build` threw, in which case nothing was written and `build` must have changed no memory.
   */
  commit<T>(build: (position: () => number) => { change: Change; value: T }): Promise<T>;

  /** In order of position, after the commit, before its commit() resolves. On a follower: from tailing. */
  onCommitted(listener: (records: readonly PlacedRecord[]) => void): void;

  /** The keys of memory that holds refused changes: drop it, and load it again when needed. */
  onRefused(listener: (touches: ReadonlySet<string>) => void): void;

  /** The last position that is committed and confirmed. */
  readonly committed: { readonly epoch: number; readonly position: number };

  /** False past the deadline of D3.2: no client may get any answer, reads included. */
  mayAnswer(): boolean;
}

/** The database refuses this change for its data. It was not executed, and never will be: 500. */
export class RefusedForData extends Error {
  override readonly name = 'RefusedForData';
}

/** This change was built on memory of one that was refused. Load again and try again, boundedly. */
export class BuiltOnRefused extends Error {
  override readonly name = 'BuiltOnRefused';
}

/** This server is not the writer (any more). The change was certainly not executed: 503, held by the front. */
export class NotWriter extends Error {
  override readonly name = 'NotWriter';
}

/** Nobody knows whether the change was executed. The connection is cut without an answer. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

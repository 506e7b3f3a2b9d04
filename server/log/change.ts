import type { Row } from '../storage/write.ts';
import type { OutcomeRow } from './outcomes.ts';
import type { LogRecord } from './records.ts';

export type { ColumnType, Row, Value, Write } from '../storage/write.ts';

/** A record of the log that has its place. */
export interface PlacedRecord {
  readonly position: number;
  readonly record: LogRecord;
}

/** All that one request changes. It is committed whole or not at all. */
export interface Change {
  readonly rows: readonly Row[];
  /** In ascending order of position. */
  readonly records: readonly PlacedRecord[];
  readonly outcome?: OutcomeRow | undefined;
  /**
   * The keys of all memory that this change wrote or was built on: `room:!id`, `user:@id`. If the
   * database refuses the change, these are dropped, with every change built on them.
   */
  readonly touches: readonly string[];
}

/** A change of rows that no memory holds and no client is told of but by the answer. */
export const rowsAlone = (rows: readonly Row[], outcome?: OutcomeRow): Change => ({
  ...{ rows, records: [], touches: [] },
  outcome,
});

/**
 * One multi-row statement of a group of tables. A batch gathers all rows of one Write and sends them
 * as one array per column, so 200 requests cost one statement per table and not 200.
 *
 * There are no foreign keys in the schema, so the order of the statements within a batch is free.
 */
export interface Write {
  /** Name of the prepared statement; unique in the program. */
  readonly name: string;
  readonly table: string;
  /** `INSERT … SELECT … FROM unnest($1::…[], $2::…[])`, or DELETE or UPDATE … FROM unnest. */
  readonly sql: string;
  /** One per parameter. Values are given singly; the batch makes the arrays. Null is allowed. */
  readonly types: readonly ColumnType[];
  /**
   * Rows of one `table` with the same key collapse to the last one of the batch, also across Writes:
   * so put and remove of a key may stand in one batch, and ON CONFLICT sees each key once.
   */
  readonly key?: (values: readonly Value[]) => string;
}

export type ColumnType = 'int8' | 'int4' | 'text' | 'bool' | 'float8' | 'bytea';
export type Value = number | string | boolean | Buffer | null;

export interface Row {
  readonly write: Write;
  readonly values: readonly Value[];
}

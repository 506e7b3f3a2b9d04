import type { Row, Write } from '../storage/write.ts';
import type { Change, PlacedRecord } from './change.ts';
import { columnArray, int8, NotEncodable } from './column.ts';
import { namesOf, type OutcomeRow } from './outcomes.ts';
import { RECORD_VERSIONS } from './records.ts';
import type { Statement } from './statement.ts';

export const BATCH_CHANGES_MAX = 256;
export const BATCH_BYTES_MAX = 1_048_576;

/** Where and when the batch stands in the log: it may follow `previous` only, within `epoch`. */
export interface Fence {
  readonly clockMs: number;
  readonly epoch: number;
  readonly previous: number;
  readonly last: number;
}

/** By which a refusal by the fence is known. */
export const FENCE_NAME = 'farol_fence';

/**
 * All statements of one batch, from BEGIN to COMMIT. Nothing has been sent yet: whatever goes wrong
 * in here is an error in one of the changes.
 */
export function statementsOf(changes: readonly Change[], fence: Fence): Statement[] {
  try {
    return encoded(changes, fence);
  } catch (error) {
    if (error instanceof NotEncodable) throw error;
    throw new NotEncodable('A value does not fit its column', { cause: error });
  }
}

/** The one statement that was refused, without a trace: of a batch that is refused again, it is why. */
export const rehearsalOf = (batch: readonly Statement[], name: string): Statement[] => [
  BEGIN,
  ...batch.filter((statement) => statement.name === name),
  ROLLBACK,
];

/** Roughly what the change adds to the stream: enough to keep a batch near its bound. */
export function bytesOf(change: Change): number {
  let bytes = change.records.length * 100 + (change.outcome?.body.length ?? 0);
  for (const { values } of change.rows) {
    for (const value of values) {
      bytes += typeof value === 'string' || Buffer.isBuffer(value) ? value.length + 4 : 12;
    }
  }
  return bytes;
}

function encoded(changes: readonly Change[], fence: Fence): Statement[] {
  const rows = changes.flatMap((change) => change.rows);
  const records = changes.flatMap((change) => change.records);
  const outcomes = changes.flatMap(({ outcome }) => namesOf(outcome));
  return [
    BEGIN,
    { ...FENCE, parameters: [int8(fence.last), int8(fence.epoch), int8(fence.previous)] },
    ...grouped(rows).map(statementOf),
    ...(records.length > 0 ? [statementOf(logRows(records))] : []),
    ...(outcomes.length > 0 ? [statementOf(outcomeRows(outcomes, fence.clockMs))] : []),
    COMMIT,
  ];
}

const BEGIN: Statement = { name: 'farol_begin', sql: 'BEGIN', parameters: [] };
const COMMIT: Statement = { name: 'farol_commit', sql: 'COMMIT', parameters: [] };
const ROLLBACK: Statement = { name: 'farol_rollback', sql: 'ROLLBACK', parameters: [] };

/** Raises (22012) unless this writer's epoch and position still stand: the fence of D3.1. */
const FENCE = {
  name: FENCE_NAME,
  sql: `WITH moved AS (
          UPDATE log_head SET position = $1::int8 WHERE epoch = $2::int8 AND position = $3::int8
          RETURNING 1)
        SELECT 1 / count(*) FROM moved`,
};

const LOG: Write = {
  name: 'farol_log',
  table: 'log',
  sql: `INSERT INTO log (position, kind, version, payload)
        SELECT * FROM unnest($1::int8[], $2::text[], $3::int4[], $4::text[])`,
  types: ['int8', 'text', 'int4', 'text'],
};

const OUTCOME: Write = {
  name: 'farol_outcome',
  table: 'outcome',
  sql: `INSERT INTO outcome (key, status, body, secret, expires_at)
        SELECT key, status, body, secret, to_timestamp(expires_s)
        FROM unnest($1::bytea[], $2::int4[], $3::bytea[], $4::bool[], $5::float8[])
          AS row (key, status, body, secret, expires_s)`,
  types: ['bytea', 'int4', 'bytea', 'bool', 'float8'],
};

interface Group {
  readonly write: Write;
  readonly rows: Row[];
}

function logRows(records: readonly PlacedRecord[]): Group {
  const rows = records.map(({ position, record: { kind, ...payload } }) => ({
    write: LOG,
    values: [position, kind, RECORD_VERSIONS[kind], JSON.stringify(payload)],
  }));
  return { write: LOG, rows };
}

function outcomeRows(outcomes: readonly OutcomeRow[], clockMs: number): Group {
  const rows = outcomes.map((row) => ({
    write: OUTCOME,
    values: [row.key, row.status, row.body, row.secret, (clockMs + row.keptMs) / 1_000],
  }));
  return { write: OUTCOME, rows };
}

/** By statement; of rows with one table and key only the last stays. */
function grouped(rows: readonly Row[]): Group[] {
  const groups = new Map<Write, Group>();
  const seen = new Map<string, Set<string>>();
  for (let at = rows.length - 1; at >= 0; at--) {
    const row = rows[at]!;
    if (isSuperseded(row, seen)) continue;
    const group = groups.get(row.write);
    if (group) group.rows.push(row);
    else groups.set(row.write, { write: row.write, rows: [row] });
  }
  for (const { rows } of groups.values()) rows.reverse();
  return [...groups.values()].reverse();
}

/** `later` are the keys of the rows behind it, by table; its own is then among them. */
function isSuperseded({ write, values }: Row, later: Map<string, Set<string>>): boolean {
  if (write.key === undefined) return false;
  const key = write.key(values);
  const keys = later.get(write.table) ?? new Set();
  if (keys.has(key)) return true;
  later.set(write.table, keys.add(key));
  return false;
}

function statementOf({ write, rows }: Group): Statement {
  const parameters = write.types.map((type, column) =>
    columnArray(
      type,
      rows.map((row) => row.values[column] ?? null),
    ),
  );
  return { name: write.name, sql: write.sql, parameters };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An operation of the specification; the facts lie in operations.tsv. */
export interface SpecOperation {
  readonly api: string;
  readonly method: string;
  readonly path: string;
  readonly auth: string;
  /** It may be answered 429. */
  readonly limited: boolean;
  readonly operation: string;
}

export const TABLE = join(import.meta.dirname, 'operations.tsv');

const COLUMNS = ['api', 'method', 'path', 'auth', 'limited', 'operation'] as const;

/** All operations of one API, in the order of the specification. */
export const specOperations = (api: string): SpecOperation[] =>
  readTable(readFileSync(TABLE, 'utf8')).filter((each) => each.api === api);

export function writeTable(operations: readonly SpecOperation[]): string {
  const rows = operations.map((each) =>
    COLUMNS.map((column) => (column === 'limited' ? (each.limited ? '429' : '') : each[column])),
  );
  return [COLUMNS, ...rows].map((row) => `${row.join('\t')}\n`).join('');
}

export function readTable(text: string): SpecOperation[] {
  const [, ...lines] = text.trimEnd().split('\n');
  return lines.map((line) => {
    const [api, method, path, auth, limited, operation] = line.split('\t') as string[];
    return { api, method, path, auth, limited: limited === '429', operation } as SpecOperation;
  });
}

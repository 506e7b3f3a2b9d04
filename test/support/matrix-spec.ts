import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import YAML from 'yaml';

/** The specification's data lie beside the repository; tests that need them say so where they don't. */
export const SPEC_FOLDER = join(import.meta.dirname, '../../../shared/matrix-spec');
export const SPEC_MISSING = existsSync(SPEC_FOLDER)
  ? undefined
  : 'needs the data of the Matrix specification in ../shared/matrix-spec';

export interface SpecOperation {
  readonly api: string;
  readonly method: string;
  readonly path: string;
  readonly auth: string;
  readonly operation: string;
}

/** All operations of one API, in the order of the list. */
export function specOperations(api: string): SpecOperation[] {
  const lines = readFileSync(join(SPEC_FOLDER, 'endpoints-v1.19.tsv'), 'utf8').trim().split('\n');
  const keys = lines[0]!.split('\t');
  const rows = lines.slice(1).map((line) => {
    const cells = line.split('\t');
    return Object.fromEntries(keys.map((key, index) => [key, cells[index]?.trim() ?? '']));
  });
  return rows
    .filter((row) => row.api === api)
    .map(({ method, path, auth, operation_id }) => ({
      ...{ api, method: method!, path: path!, auth: auth!, operation: operation_id! },
    }));
}

/** `METHOD path` of each operation that may be answered 429: the list has an empty column for it. */
export function rateLimited(api: string): Set<string> {
  const folder = join(SPEC_FOLDER, 'api', api);
  const limited = new Set<string>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const document = YAML.parse(readFileSync(join(folder, file), 'utf8')) as OpenApi;
    const base = document.servers?.[0]?.variables?.basePath?.default ?? '';
    for (const [path, methods] of Object.entries(document.paths ?? {}))
      for (const [method, { responses }] of Object.entries(methods))
        if (responses && '429' in responses)
          limited.add(`${method.toUpperCase()} ${base}${path.trim()}`);
  }
  return limited;
}

interface OpenApi {
  readonly servers?: { variables?: { basePath?: { default?: string } } }[];
  readonly paths?: Record<string, Record<string, { responses?: object }>>;
}

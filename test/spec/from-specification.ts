import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import YAML from 'yaml';
import { type SpecOperation, TABLE, writeTable } from './operations.ts';

/** Where the specification's own data lie, beside the repository; most machines have none. */
export const SPEC_FOLDER = join(import.meta.dirname, '../../../shared/matrix-spec');
export const SPEC_IS_HERE = existsSync(SPEC_FOLDER);

/** The operations as the specification's data have them. */
export function operationsOfSpecification(): SpecOperation[] {
  const limited = new Map<string, Set<string>>();
  return endpointRows().map(({ api, method, path, auth, operation_id: operation }) => {
    if (!limited.has(api!)) limited.set(api!, rateLimited(api!));
    return {
      ...{ api: api!, method: method!, path: path!, auth: auth!, operation: operation! },
      limited: limited.get(api!)!.has(`${method} ${path}`),
    };
  });
}

/** A row for each, by the names of its columns. */
export function endpointRows(): Record<string, string>[] {
  const lines = readFileSync(join(SPEC_FOLDER, 'endpoints-v1.19.tsv'), 'utf8').trim().split('\n');
  const keys = lines[0]!.split('\t');
  return lines.slice(1).map((line) => {
    const cells = line.split('\t');
    return Object.fromEntries(keys.map((key, at) => [key, cells[at]?.trim() ?? '']));
  });
}

/** `METHOD path` of each operation that may be answered 429: the list has an empty column for it. */
function rateLimited(api: string): Set<string> {
  const folder = join(SPEC_FOLDER, 'api', api);
  const limited = new Set<string>();
  if (!existsSync(folder)) return limited;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const document = YAML.parse(readFileSync(join(folder, file), 'utf8')) as OpenApi;
    for (const { route, responses } of routesOf(document))
      if (responses && '429' in responses) limited.add(route);
  }
  return limited;
}

export interface OpenApi {
  readonly servers?: { variables?: { basePath?: { default?: string } } }[];
  readonly paths?: Record<string, Record<string, { responses?: Responses }>>;
}

type Responses = Record<string, { content?: Record<string, { schema?: object }> }>;

/** By `METHOD path`, what each operation of it is answered. */
export function routesOf({ servers, paths = {} }: OpenApi) {
  const base = servers?.[0]?.variables?.basePath?.default ?? '';
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      route: `${method.toUpperCase()} ${base}${path.trim()}`,
      responses,
    })),
  );
}

/** `npm run generate` makes the table anew where the specification is at hand. */
if (import.meta.main && SPEC_IS_HERE) writeFileSync(TABLE, writeTable(operationsOfSpecification()));

import type { Database } from './database.ts';

const COLUMNS = `
  SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
         a.attnotnull AS required, pg_get_expr(d.adbin, d.adrelid) AS default
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  ORDER BY c.relname, a.attnum`;
const CONSTRAINTS = `
  SELECT conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS definition
  FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
  ORDER BY 1, contype DESC, conname`;
const INDEXES = `
  SELECT indexdef AS definition FROM pg_indexes i
  WHERE schemaname = 'public'
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = (i.indexname)::regclass)
  ORDER BY tablename, indexname`;

const TRIGGERS = `
  SELECT pg_get_functiondef(tgfoid) || ';\n' || pg_get_triggerdef(oid) || ';' AS definition
  FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname`;

interface Column {
  table: string;
  column: string;
  type: string;
  required: boolean;
  default: string | null;
}

/** The sum of the migrations as SQL, read from a database that has them: what a reader wants to see. */
export async function describeSchema(database: Database): Promise<string> {
  const columns = await database.query<Column>('schema_columns', COLUMNS);
  const constraints = await database.query<{ table: string; definition: string }>(
    'schema_constraints',
    CONSTRAINTS,
  );
  const indexes = await database.query<{ definition: string }>('schema_indexes', INDEXES);
  const triggers = await database.query<{ definition: string }>('schema_triggers', TRIGGERS);
  const tables = [...new Set(columns.map((each) => each.table))].map((table) => {
    const lines = [
      ...columns.filter((each) => each.table === table).map(columnLine),
      ...constraints.filter((each) => each.table === table).map((each) => each.definition),
    ];
    return `CREATE TABLE ${table} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n);\n`;
  });
  return [
    '-- The sum of migrations/, made by `npm run generate`. Reasons are in the migrations.\n',
    ...tables,
    `${indexes.map((each) => `${each.definition.replaceAll('public.', '')};`).join('\n')}\n`,
    ...triggers.map((each) => `${each.definition.replaceAll('public.', '')}\n`),
  ].join('\n');
}

const columnLine = (each: Column): string =>
  [
    each.column,
    each.type,
    each.required ? 'NOT NULL' : '',
    each.default === null ? '' : `DEFAULT ${each.default}`,
  ]
    .filter((part) => part !== '')
    .join(' ');

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Database } from './database.ts';

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** From its line `-- oldest_server: N`: servers that do not know migration N refuse from here on. */
  readonly oldestServer: number | undefined;
}

/** The schema is of a newer release that says this server must not touch it. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
}

export const MIGRATIONS: readonly Migration[] = read(join(import.meta.dirname, 'migrations'));
const NEWEST_KNOWN = Math.max(...MIGRATIONS.map((each) => each.number));

/**
 * Brings the schema up to date. Only the writer does so. Each migration is one transaction and waits
 * at most 5 s for a lock, so that it cannot queue up the whole server behind itself.
 */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'farol-migration' });
  await client.connect();
  try {
    await client.query("SET lock_timeout = '5s'; SELECT pg_advisory_lock(70726, 1)");
    await client.query(
      'CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL)',
    );
    const { rows } = await client.query<{ number: number }>('SELECT number FROM migration');
    const applied = new Set(rows.map((row) => row.number));
    if (applied.size > 0) await refuseIfTooNew(client);
    for (const each of MIGRATIONS) if (!applied.has(each.number)) await apply(client, each);
  } finally {
    await client.end();
  }
}

/** For a follower, which never migrates: why this server may not work on the schema, if it may not. */
export async function schemaTrouble(database: Database): Promise<string | undefined> {
  const [state] = await database.query<SchemaState>('schema_state', SCHEMA_STATE);
  return state && troubleOf(state);
}

interface SchemaState {
  readonly version: number;
  readonly oldestServer: number;
}

const SCHEMA_STATE = 'SELECT version, oldest_server AS "oldestServer" FROM schema_state';

async function refuseIfTooNew(client: pg.Client): Promise<void> {
  const { rows } = await client.query<SchemaState>(SCHEMA_STATE);
  const trouble = rows[0] && troubleOf(rows[0]);
  if (trouble !== undefined) throw new SchemaTooNew(trouble);
}

function troubleOf({ version, oldestServer }: SchemaState): string | undefined {
  if (oldestServer <= NEWEST_KNOWN) return undefined;
  return `The database has schema ${version}, which takes servers that know migration ${oldestServer} or later; this server knows ${NEWEST_KNOWN}. The operator must start a newer release of Farol; nothing was changed.`;
}

async function apply(client: pg.Client, migration: Migration) {
  try {
    await client.query('BEGIN');
    await client.query(migration.sql);
    await client.query('INSERT INTO migration (number, name) VALUES ($1, $2)', [
      migration.number,
      migration.name,
    ]);
    await client.query(
      `UPDATE schema_state SET version = greatest(version, $1),
         oldest_server = greatest(oldest_server, coalesce($2, oldest_server))`,
      [migration.number, migration.oldestServer ?? null],
    );
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK');
    throw new Error(`Migration ${migration.name} failed; the schema is as it was`, { cause });
  }
}

function read(folder: string): Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name) => {
    const sql = readFileSync(join(folder, name), 'utf8');
    const oldest = /^-- oldest_server: (\d+)$/m.exec(sql)?.[1];
    return {
      number: Number.parseInt(name, 10),
      name,
      sql,
      oldestServer: oldest === undefined ? undefined : Number(oldest),
    };
  });
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type { Database } from './database.ts';
import { openMigrationSession } from './migration-session.ts';

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** From its line `-- concurrently`: an index that is made while the writer writes. */
  readonly index: string | undefined;
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
export async function migrate(url: string, migrations = MIGRATIONS): Promise<void> {
  await using session = await openSession(url, '5s');
  const { client } = session;
  await client.query(
    'CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL)',
  );
  const applied = await numbersOf(client);
  if (applied.size > 0) await refuseIfTooNew(client);
  for (const each of migrations)
    if (each.index === undefined && !applied.has(each.number)) await apply(client, each);
}

/**
 * Makes the indexes of the migrations that say `-- concurrently`, one after the other, while the writer
 * writes: on a large table that takes longer than a takeover may. So nothing may rely on them but
 * speed. An index that an earlier attempt has left unfinished is made anew.
 */
export async function migrateBehind(
  url: string,
  {
    signal,
    migrations = MIGRATIONS,
  }: { signal?: AbortSignal; migrations?: typeof MIGRATIONS } = {},
): Promise<void> {
  const concurrent = migrations.filter((each) => each.index !== undefined);
  if (concurrent.length === 0) return;
  await using session = await openSession(url, '0', signal);
  const { client } = session;
  const applied = await numbersOf(client);
  for (const each of concurrent) {
    if (applied.has(each.number)) continue;
    await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${each.index}`);
    await client.query(each.sql);
    await client.query('BEGIN');
    await note(client, each);
    await client.query('COMMIT');
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
    await note(client, migration);
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK');
    throw new Error(`Migration ${migration.name} failed; the schema is as it was`, { cause });
  }
}

async function note(client: pg.Client, { number, name, oldestServer }: Migration) {
  await client.query('INSERT INTO migration (number, name) VALUES ($1, $2)', [number, name]);
  await client.query(
    `UPDATE schema_state SET version = greatest(version, $1),
       oldest_server = greatest(oldest_server, coalesce($2, oldest_server))`,
    [number, oldestServer ?? null],
  );
}

/** One at a time; the lock goes with the session. */
async function openSession(url: string, lockTimeout: string, signal?: AbortSignal) {
  const session = await openMigrationSession(url, { signal });
  try {
    await session.client.query(`SET lock_timeout = '${lockTimeout}'`);
    await session.client.query('SELECT pg_advisory_lock(70726, 1)');
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

async function numbersOf(client: pg.Client): Promise<ReadonlySet<number>> {
  const { rows } = await client.query<{ number: number }>('SELECT number FROM migration');
  return new Set(rows.map((row) => row.number));
}

function read(folder: string): Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name) => migrationOf(name, readFileSync(join(folder, name), 'utf8')));
}

export function migrationOf(name: string, sql: string): Migration {
  const oldest = /^-- oldest_server: (\d+)$/m.exec(sql)?.[1];
  return {
    number: Number.parseInt(name, 10),
    name,
    sql,
    index: /^-- concurrently$/m.test(sql) ? indexMadeBy(name, sql) : undefined,
    oldestServer: oldest === undefined ? undefined : Number(oldest),
  };
}

/** Such a migration is one statement, since it cannot be in a transaction. */
function indexMadeBy(name: string, sql: string): string {
  const statement = sql.replace(/^--.*$/gm, '').trim();
  const index = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (\w+) [^;]*;$/.exec(statement)?.[1];
  if (index === undefined)
    throw new Error(`${name} must be one CREATE INDEX CONCURRENTLY, as it says -- concurrently`);
  return index;
}

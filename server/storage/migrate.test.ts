import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { MIGRATIONS, migrate, migrateBehind, migrationOf, SchemaTooNew } from './migrate.ts';

test('a migrated database has every migration once, and a second run changes nothing', async () => {
  await using fresh = await freshDatabase();
  await migrate(fresh.url);
  const rows = await fresh.database.query<{ name: string }>(
    'test',
    'SELECT name FROM migration ORDER BY number',
  );
  expect(rows.map((row) => row.name)).toEqual(MIGRATIONS.map((each) => each.name));
});

test('a schema that takes only newer servers is refused, and says who must act', async () => {
  await using fresh = await freshDatabase();
  await fresh.database.query(
    'test',
    'UPDATE schema_state SET version = 9999, oldest_server = 9999',
  );
  await expect(migrate(fresh.url)).rejects.toThrow(SchemaTooNew);
  await expect(migrate(fresh.url)).rejects.toThrow(/operator must start a newer release/);
});

test('a newer schema that still takes this server is left alone', async () => {
  await using fresh = await freshDatabase();
  await fresh.database.query('test', 'UPDATE schema_state SET version = 9999');
  await migrate(fresh.url);
});

test('the numbers of the migrations are unique', () => {
  const numbers = MIGRATIONS.map((each) => each.number);
  expect(new Set(numbers).size).toBe(numbers.length);
});

const AN_INDEX = migrationOf(
  '9000-index.sql',
  '-- concurrently\nCREATE INDEX CONCURRENTLY log_kind ON log (kind);\n',
);

test('an index is made while others write, and once', async () => {
  await using fresh = await freshDatabase();
  const migrations = [...MIGRATIONS, AN_INDEX];
  await migrate(fresh.url, migrations);
  expect(await indexesOf(fresh)).toEqual([]);
  const old = await openTransaction(fresh);
  const made = migrateBehind(fresh.url, { migrations });
  await untilIndexWaits(fresh);
  await fresh.database.query('write', INSERT);
  await old.query('COMMIT');
  await made;
  expect(await indexesOf(fresh)).toEqual([{ valid: true }]);
  await migrateBehind(fresh.url, { migrations });
  const noted = 'SELECT version FROM schema_state';
  expect(await fresh.database.query('v', noted)).toEqual([{ version: 9000 }]);
});

test('an index that was left unfinished is made anew, and a stop does not wait for it', async () => {
  await using fresh = await freshDatabase();
  const migrations = [...MIGRATIONS, AN_INDEX];
  const old = await openTransaction(fresh);
  const stop = new AbortController();
  const made = migrateBehind(fresh.url, { migrations, signal: stop.signal });
  const stopped = expect(made).rejects.toThrow();
  await untilIndexWaits(fresh);
  stop.abort();
  await stopped;
  await fresh.database.query(
    'kill',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'farol-migration'`,
  );
  await old.query('COMMIT');
  expect(await indexesOf(fresh)).toEqual([{ valid: false }]);
  await migrateBehind(fresh.url, { migrations });
  expect(await indexesOf(fresh)).toEqual([{ valid: true }]);
});

test('no index is begun by a writer that has ended meanwhile', async () => {
  await using fresh = await freshDatabase();
  const migrations = [...MIGRATIONS, AN_INDEX];
  const signal = AbortSignal.abort();
  await expect(migrateBehind(fresh.url, { migrations, signal })).rejects.toThrow();
  expect(await indexesOf(fresh)).toEqual([]);
});

test('a migration that is made concurrently must be one index', () => {
  const two = '-- concurrently\nCREATE INDEX CONCURRENTLY a ON log (kind);\nDROP TABLE log;\n';
  expect(() => migrationOf('1-x.sql', two)).toThrow('must be one CREATE INDEX CONCURRENTLY');
});

test('a migration that fails leaves the schema as it was', async () => {
  await using fresh = await freshDatabase();
  const broken = migrationOf('9001-x.sql', 'CREATE TABLE half (a int); SELECT 1 / 0;');
  await expect(migrate(fresh.url, [...MIGRATIONS, broken])).rejects.toThrow('9001-x.sql failed');
  const half = await fresh.database.query('h', "SELECT to_regclass('half') AS half");
  expect(half).toEqual([{ half: null }]);
});

test('whatever time limits are set for the database, a migration takes its time', async () => {
  await using fresh = await freshDatabase();
  const name = fresh.url.slice(fresh.url.lastIndexOf('/') + 1);
  await fresh.database.query('t', `ALTER DATABASE ${name} SET statement_timeout = '1ms'`);
  await fresh.database.query('r', `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const slow = migrationOf('9002-x.sql', 'CREATE TABLE slow (a int); SELECT pg_sleep(0.02);');
  await migrate(fresh.url, [...MIGRATIONS, slow]);
});

const INSERT = `INSERT INTO log (position, kind, version, payload) VALUES (1, 'test', 1, '{}')`;

const indexesOf = ({ database }: FreshDatabase) =>
  database.query(
    'indexes',
    `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('log_kind')`,
  );

/** One that has written: an index that is made beside it has to wait for its end. */
async function openTransaction(fresh: FreshDatabase): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: fresh.url });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('BEGIN; LOCK TABLE log IN ROW EXCLUSIVE MODE');
  return client;
}

async function untilIndexWaits({ database }: FreshDatabase) {
  const waits = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'farol-migration' AND wait_event_type = 'Lock'`;
  while ((await database.query('waits', waits)).length === 0);
}

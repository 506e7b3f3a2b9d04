import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { MIGRATIONS, migrate, SchemaTooNew } from './migrate.ts';

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

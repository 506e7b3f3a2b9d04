import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { connectPool, DatabaseUnavailable } from './database.ts';

test('ids and counts arrive as numbers', async () => {
  await using fresh = await freshDatabase();
  const rows = await fresh.database.query('t', 'SELECT $1::bigint AS id, count(*) FROM log', [7]);
  expect(rows).toEqual([{ id: 7, count: 0 }]);
});

test('a statement that is wrong is an error of the database', async () => {
  await using fresh = await freshDatabase();
  const wrong = fresh.database.query('t', 'SELECT nothing');
  await expect(wrong).rejects.toMatchObject({ code: '42703' });
});

test('a session that is ended, and a database that is not there, are unavailable', async () => {
  await using fresh = await freshDatabase();
  const ended = fresh.database.query('t', 'SELECT pg_terminate_backend(pg_backend_pid())');
  await expect(ended).rejects.toThrow(DatabaseUnavailable);
  const nowhere = connectPool('postgresql://farol@%2Fnowhere/x', {
    connectionsMax: 1,
    onError: () => {},
  });
  await expect(nowhere.query('t', 'SELECT 1')).rejects.toThrow(DatabaseUnavailable);
});

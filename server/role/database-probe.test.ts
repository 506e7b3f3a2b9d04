import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import type { Database } from '../storage/database.ts';
import { DatabaseProbe } from './database-probe.ts';

test('the database beside the server says what it is and how far', async () => {
  await using fresh = await freshDatabase();
  const probe = new DatabaseProbe(fresh.database);
  expect(await probe.state(5_000)).toEqual({ database: 'primary', epoch: 0, position: 0 });
});

test('a database that hangs is what it was lately, then unknown; one question at a time is asked', async () => {
  await using fresh = await freshDatabase();
  let [now, asked, hangs] = [0, 0, false];
  const database: Database = {
    query: (...question) => {
      asked += 1;
      return hangs ? new Promise(() => {}) : fresh.database.query(...question);
    },
  };
  const probe = new DatabaseProbe(database, () => now);
  await probe.state(5_000);
  hangs = true;
  const before = asked;
  expect((await probe.state(0)).database).toBe('primary');
  now += 3_000;
  expect(await probe.state(0)).toMatchObject({ database: 'unknown', trouble: expect.any(String) });
  expect(asked - before).toBe(1);
});

test('a database that refuses is unknown at once, whatever it was a moment ago', async () => {
  await using fresh = await freshDatabase();
  let refuses = false;
  const database: Database = {
    query: (...question) =>
      refuses ? Promise.reject(new Error('shutting down')) : fresh.database.query(...question),
  };
  const probe = new DatabaseProbe(database, () => 0);
  expect((await probe.state(5_000)).database).toBe('primary');
  refuses = true;
  expect(await probe.state(5_000)).toMatchObject({ database: 'unknown', epoch: null });
  refuses = false;
  expect((await probe.state(5_000)).database).toBe('primary');
});

test('a schema that takes only newer servers is told', async () => {
  await using fresh = await freshDatabase();
  await fresh.database.query('t', 'UPDATE schema_state SET oldest_server = 9999');
  const { trouble } = await new DatabaseProbe(fresh.database).state(5_000);
  expect(trouble).toMatch(/must start a newer release/);
});

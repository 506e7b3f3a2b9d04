import pg from 'pg';
import pino from 'pino';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { openPools } from './pools.ts';

test('look-ups are answered while reads wait on all connections that they have', async () => {
  await using fresh = await freshDatabase();
  await using stack = new AsyncDisposableStack();
  const logger = pino({ level: 'silent' });
  const { database, lookUps } = openPools({ url: fresh.url, readersMax: 2, logger, stack });
  const lock = new pg.Client({ connectionString: fresh.url });
  await lock.connect();
  await lock.query('BEGIN; LOCK TABLE account');
  const reads = [1, 2, 3].map((n) => database.query(`read_${n}`, 'SELECT 1 FROM account'));
  expect(await lookUps.query('look_up', 'SELECT 1 AS found')).toEqual([{ found: 1 }]);
  await lock.query('COMMIT');
  await lock.end();
  await Promise.all(reads);
});

test('whatever is set for the database, reads have no time limit', async () => {
  await using fresh = await freshDatabase();
  const name = fresh.url.slice(fresh.url.lastIndexOf('/') + 1);
  await fresh.database.query('t', `ALTER DATABASE ${name} SET statement_timeout = '1ms'`);
  await using stack = new AsyncDisposableStack();
  const logger = pino({ level: 'silent' });
  const { database } = openPools({ url: fresh.url, readersMax: 1, logger, stack });
  await database.query('slow', 'SELECT pg_sleep(0.01)');
});

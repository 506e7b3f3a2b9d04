import { expect, onTestFinished, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { oneTimeKeyGoneRow } from '../storage/encryption/one-time-keys.ts';
import { statementsOf } from './batch.ts';
import type { Statement } from './statement.ts';
import { CommitUnknown, RefusedBySql, WriterConnection } from './writer-connection.ts';

test('a COMMIT that is answered with another word is no acknowledgement', async () => {
  const connection = await open();
  await expect(connection.transaction([BEGIN, ROLLBACK])).rejects.toThrow(CommitUnknown);
});

test('what is refused at COMMIT itself nobody knows', async () => {
  const connection = await open();
  await connection.client.query(
    'CREATE TABLE late (a int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO late VALUES (1)',
  );
  const again = statement('again', 'INSERT INTO late VALUES (1)');
  await expect(connection.transaction([BEGIN, again, COMMIT])).rejects.toThrow(CommitUnknown);
});

test('what is refused before COMMIT is known by its statement, and the next transaction goes on', async () => {
  const connection = await open();
  const broken = statement('broken', 'SELECT 1 / 0');
  const refused = connection.transaction([BEGIN, FINE, broken, COMMIT]);
  await expect(refused).rejects.toMatchObject({ statement: 'broken', sqlstate: '22012' });
  await expect(refused).rejects.toBeInstanceOf(RefusedBySql);
  await connection.transaction([BEGIN, FINE, COMMIT]);
});

test('a warning of before says nothing of the next commit', async () => {
  const connection = await open();
  await connection.client.query(`DO $$ BEGIN RAISE WARNING 'with the code 01000'; END $$`);
  await connection.transaction([BEGIN, FINE, COMMIT]);
});

test('a rehearsal leaves no trace', async () => {
  const connection = await open();
  const forged = statement('forged', 'UPDATE log_head SET position = 7');
  await connection.rehearse([BEGIN, forged, ROLLBACK]);
  const { rows } = await connection.client.query('SELECT position FROM log_head');
  expect(rows).toEqual([{ position: 0 }]);
});

test('what a batch takes out of a table is found by its key, and the plan for that is made once', async () => {
  const connection = await open();
  const device = { userId: '@alice:example.org' as UserId, deviceId: 'PHONE' };
  const gone = oneTimeKeyGoneRow({ ...device, algorithm: 'signed_curve25519', keyId: 'A' });
  for (let last = 1; last <= 10; last += 1) {
    const fence = { epoch: 0, previous: last - 1, last, clockMs: 0 };
    const change = { rows: [gone], records: [], touches: [] };
    await connection.transaction(statementsOf([change], fence));
  }
  const made = await connection.client.query(
    `SELECT generic_plans AS once, custom_plans AS anew FROM pg_prepared_statements
     WHERE name = '${gone.write.name}'`,
  );
  expect(made.rows).toEqual([{ once: 10, anew: 0 }]);
  const plan = await connection.client.query(`EXPLAIN (GENERIC_PLAN) ${gone.write.sql}`);
  expect(JSON.stringify(plan.rows)).toContain('one_time_key_pkey');
});

const statement = (name: string, sql: string): Statement => ({ name, sql, parameters: [] });
const BEGIN = statement('begin', 'BEGIN');
const FINE = statement('fine', 'SELECT 1');
const COMMIT = statement('commit', 'COMMIT');
const ROLLBACK = statement('rollback', 'ROLLBACK');

async function open() {
  const fresh = await freshDatabase();
  const connection = await WriterConnection.open(fresh.url, () => {});
  onTestFinished(async () => {
    await connection.end();
    await fresh[Symbol.asyncDispose]();
  });
  return connection;
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { AlreadyRunning, holdAlone } from './alone.ts';
import { startEmbedded } from './embedded-postgres.ts';

test('what was written is there after a stop and a start', async () => {
  const folder = temporaryFolder();
  const first = await start(folder);
  await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS value');
  await first.stop();
  const second = await start(folder);
  expect(await query(second.url, 'SELECT value FROM kept')).toEqual([{ value: 7 }]);
});

test('a database that outlived its server is taken over as it runs', async () => {
  const folder = temporaryFolder();
  const first = await start(folder);
  const second = await start(folder);
  expect(second.pid).toBe(first.pid);
  await second.stop();
  await expect(query(first.url, 'SELECT 1')).rejects.toThrow();
});

test('two that start at once on a new folder come to one database', async () => {
  const folder = temporaryFolder();
  const both = await Promise.all([start(folder), start(folder)]);
  expect(both[0].pid).toBe(both[1].pid);
  expect(readdirSync(folder).sort()).toEqual(['db', 'db.run']);
});

test('a folder with a long path still has its socket', async () => {
  const { url } = await start(join(temporaryFolder(), 'x'.repeat(100)));
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('one server only works on a database, and the second learns who does', async () => {
  const { url } = await start(temporaryFolder());
  const held = await holdAlone(url);
  const refused = await holdAlone(url, 0).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AlreadyRunning);
  expect((refused as Error).message).toBe(`${process.pid}`);
  await held.release();
  await (await holdAlone(url)).release();
});

async function start(folder: string) {
  const postgres = await startEmbedded({
    folder: join(folder, 'db'),
    settings: { fsync: 'off' },
  });
  onTestFinished(() => postgres.stop());
  return postgres;
}

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

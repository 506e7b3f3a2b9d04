import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../server/storage/embedded/embedded-postgres.ts';
import { migrate, migrateBehind } from '../../server/storage/migrate.ts';
import { memoryOrDisk } from './folder.ts';
import { databaseUrl, TEMPLATE } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

/** One PostgreSQL for the whole run, with a migrated database to copy. Its data are not kept: no fsync. */
export default async function setup(project: TestProject) {
  const folder = mkdtempSync(join(memoryOrDisk(), 'farol-test-'));
  const postgres = await startEmbedded({
    folder: join(folder, 'db'),
    settings: {
      fsync: 'off',
      full_page_writes: 'off',
      max_connections: '400',
      autovacuum: 'off',
    },
  });
  const end = async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await makeTemplate(postgres.url);
  } catch (error) {
    // Whose set-up fails is not asked to tear anything down.
    await end();
    throw error;
  }
  project.provide('postgresUrl', postgres.url);
  return end;
}

async function makeTemplate(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await client.end();
  await migrate(databaseUrl(url, TEMPLATE));
  await migrateBehind(databaseUrl(url, TEMPLATE));
}

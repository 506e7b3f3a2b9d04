import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPool } from './database.ts';
import { startEmbedded } from './embedded/embedded-postgres.ts';
import { migrate, migrateBehind } from './migrate.ts';
import { describeSchema } from './schema.ts';

export const SCHEMA_FILE = join(import.meta.dirname, 'schema.sql');

/** `npm run generate` writes what is made from other files and committed beside them. */
if (import.meta.main) await writeSchema();

async function writeSchema() {
  const folder = mkdtempSync(join(tmpdir(), 'farol-schema-'));
  const postgres = await startEmbedded({ folder: join(folder, 'db'), settings: { fsync: 'off' } });
  const database = connectPool(postgres.url, { connectionsMax: 1, onError: console.error });
  try {
    await migrate(postgres.url);
    await migrateBehind(postgres.url);
    writeFileSync(SCHEMA_FILE, await describeSchema(database));
  } finally {
    await database.end();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

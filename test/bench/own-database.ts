import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPool } from '../../server/storage/database.ts';
import { startEmbedded } from '../../server/storage/embedded/embedded-postgres.ts';
import { migrate, migrateBehind } from '../../server/storage/migrate.ts';
import type { FreshDatabase } from '../support/postgres.ts';

/** A migrated, empty database in a PostgreSQL of its own. */
export async function ownDatabase({ connectionsMax = 8 } = {}): Promise<FreshDatabase> {
  await using building = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'farol-bench-'));
  building.defer(() => rmSync(folder, { recursive: true, force: true }));
  const { url, stop } = await startEmbedded({ folder: join(folder, 'db'), settings: {} });
  building.defer(stop);
  await migrate(url);
  await migrateBehind(url);
  const database = connectPool(url, { connectionsMax, onError: console.error });
  building.defer(() => database.end());
  const everything = building.move();
  return { url, database, [Symbol.asyncDispose]: () => everything.disposeAsync() };
}

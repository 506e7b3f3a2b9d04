import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { SCHEMA_FILE } from './generate.ts';
import { describeSchema } from './schema.ts';

test('schema.sql is the sum of the migrations', async () => {
  await using fresh = await freshDatabase();
  expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(await describeSchema(fresh.database));
});

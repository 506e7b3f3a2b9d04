import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mountsOf } from '../server/mounts.ts';
import { startApi } from './support/api-server.ts';
import { endpointsIn } from './support/mounted.ts';

/** docs/clients.md against what is served. */

const page = readFileSync(join(import.meta.dirname, '../docs/clients.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('`'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, client, looksFor, then, here]) => ({
    client: client!,
    flags: quoted(looksFor!).filter((each) => !each.endsWith('.ts')),
    routes: quoted(then!).filter((each) => /^[A-Z]+ \//.test(each)),
    isHere: here!.startsWith('yes'),
  }));

test('what clients look for is named exactly where it is said that they find it', async () => {
  await using api = await startApi();
  const { body } = await api.ask('GET /_matrix/client/versions');
  const named = new Set<string>([...body.versions, ...Object.keys(body.unstable_features)]);
  expect(rows.length).toBeGreaterThan(15);
  const wrong = rows
    .filter(({ flags, isHere }) => flags.some((flag) => named.has(flag)) !== isHere)
    .map(({ client, flags }) => [client, ...flags]);
  expect(wrong).toEqual([]);
  const told = new Set(rows.flatMap(({ flags }) => flags));
  expect(Object.keys(body.unstable_features).filter((flag) => !told.has(flag))).toEqual([]);
});

test('what clients then ask for is served exactly where it is said to be', () => {
  const served = new Set<string>(
    endpointsIn(mountsOf({ adminApi: true })).flatMap(({ routes }) => routes),
  );
  const wrong = rows.flatMap(({ routes, isHere }) =>
    routes.filter((route) => served.has(route) !== isHere),
  );
  expect(rows.flatMap(({ routes }) => routes).length).toBeGreaterThan(8);
  expect(wrong).toEqual([]);
});

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!);
}

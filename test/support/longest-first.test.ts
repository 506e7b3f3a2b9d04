import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LONGEST, longestFirst } from './longest-first.ts';

const root = join(import.meta.dirname, '../..');
const sortedOf = (...names: string[]) =>
  longestFirst(names.map((name) => ({ moduleId: join(root, name) }))).map(({ moduleId }) =>
    moduleId.slice(root.length + 1),
  );

test('what takes longest begins first in its project, and nothing is lost', () => {
  const [minute, cluster] = ['test/first-minute/a.test.ts', 'test/cluster/b.test.ts'];
  const [fuzz, faults] = ['test/fuzz/fuzz.test.ts', 'failover/core/simulation/faults.test.ts'];
  expect(sortedOf(minute, 'server/a.test.ts', fuzz, 'server/b.test.ts', faults, cluster)).toEqual([
    ...[minute, faults, fuzz, 'server/a.test.ts', 'server/b.test.ts', cluster],
  ]);
  expect(sortedOf(minute, cluster)).toEqual([minute, cluster]);
  expect(sortedOf('server/a.test.ts', 'server/b.test.ts')).toEqual([
    'server/a.test.ts',
    'server/b.test.ts',
  ]);
});

test('each that is named is there', () => {
  expect(LONGEST.filter((name) => !existsSync(join(root, name)))).toEqual([]);
});

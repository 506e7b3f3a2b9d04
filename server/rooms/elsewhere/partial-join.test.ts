import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { serversTold } from './partial-join.ts';

const [own, through] = ['own.test', 'through.test'] as ServerName[] as [ServerName, ServerName];

test('of the servers that are told some thousand are kept, and of their names no more than the row may have', () => {
  const told = (servers_in_room: string[]) =>
    serversTold({ members_omitted: true, servers_in_room }, { own, through })!;
  const short = Array.from({ length: 6_000 }, (_, n) => `${n}.test`);
  const long = short.map((name) => `${'x'.repeat(200)}.${name}`);
  expect(told(['other.test', own, 'other.test'])).toEqual([through, 'other.test']);
  expect(told(short)).toHaveLength(5_001);
  expect(told(long).join('').length).toBeLessThanOrEqual(262_144);
  expect(told(long).length).toBeGreaterThan(1_000);
});

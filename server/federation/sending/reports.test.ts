import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { Reports } from './reports.ts';

const peer = (n: number) => `peer${n}.example.org` as ServerName;

function reports() {
  const lines: string[] = [];
  let now = 1_000_000;
  const ports = { now: () => now, onError: ({ message }: Error) => void lines.push(message) };
  return { told: new Reports(ports), lines, pass: (ms: number) => (now += ms) };
}

test('of one server there is a line a minute, which says how many were passed over', () => {
  const { told, lines, pass } = reports();
  for (const text of ['a', 'b', 'c']) told.of(peer(1), text);
  told.of(peer(2), 'of another');
  pass(60_000);
  told.of(peer(1), 'd');
  expect(lines).toEqual(['a', 'of another (2 more such were passed over)', 'd']);
});

test('of however many servers there are twenty lines a minute', () => {
  const { told, lines, pass } = reports();
  for (let n = 0; n < 5_000; n++) told.of(peer(n), `line ${n}`);
  expect(lines).toHaveLength(20);
  pass(60_000);
  told.of(peer(9_999), 'later');
  expect(lines.at(-1)).toBe('later (4980 more such were passed over)');
});

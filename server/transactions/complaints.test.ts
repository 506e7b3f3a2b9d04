import { expect, test } from 'vitest';
import type { ServerName } from '../protocol/identifiers.ts';
import { Complaints } from './complaints.ts';

const HOUR_MS = 3_600_000;

function told() {
  const clock = { ms: 1_800_000_000_000 };
  const lines: string[] = [];
  const onError = (error: unknown) => void lines.push((error as Error).message);
  return { clock, lines, complaints: new Complaints({ onError, now: () => clock.ms }) };
}

test('the same of the same server is said once an hour', () => {
  const { clock, lines, complaints } = told();
  const say = (server: string, what: string) =>
    complaints.about(server as ServerName, what, `detail ${lines.length}`);
  for (let times = 0; times < 3; times++) for (const what of ['x', 'y']) say('a.example', what);
  say('b.example', 'x');
  expect(lines).toHaveLength(3);
  clock.ms += HOUR_MS;
  say('a.example', 'x');
  expect(lines).toHaveLength(4);
});

test('however many servers there are, a hundred lines are said in an hour, and none is long', () => {
  const { clock, lines, complaints } = told();
  const all = () => {
    for (let index = 0; index < 500; index++)
      complaints.about(`s${index}.example` as ServerName, 'x', 'y'.repeat(10_000));
  };
  all();
  expect(lines).toHaveLength(100);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(400);
  clock.ms += HOUR_MS;
  all();
  expect(lines).toHaveLength(200);
});

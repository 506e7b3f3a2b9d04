import { expect, test } from 'vitest';
import { shutdownCheckpoint } from './hand-over.ts';

const ENDED = `pg_control version number:            1700
Database cluster state:               shut down
pg_control last modified:             Sat 21 Nov 2026 11:39:20 AM UTC
Latest checkpoint location:           2/518D3C8
Latest checkpoint's REDO location:    2/518D3C8
`;

test("the end of the log is where the shutdown's checkpoint begins", () => {
  expect(shutdownCheckpoint(ENDED)).toBe(2 * 2 ** 32 + 0x518d3c8);
});

test('of a PostgreSQL that did not end in good order nothing is handed over', () => {
  const crashed = ENDED.replace('shut down', 'in production');
  expect(() => shutdownCheckpoint(crashed)).toThrow('did not end in good order: in production');
});

test('without a checkpoint in it, control data say nothing', () => {
  expect(() => shutdownCheckpoint(ENDED.replace('2/518D3C8', ''))).toThrow('no checkpoint');
});

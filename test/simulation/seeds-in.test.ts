import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { figures, seedsIn } from './seeds-in.ts';

const HOLDS = 'export const simulate = () => ({ broken: null });';

test.each([
  ['holds', HOLDS, 'NOT NOTICED by 4 seeds'],
  ['holds, beside a warning of Node', `process.emitWarning('old');${HOLDS}`, 'NOT NOTICED by 4'],
  [
    'is broken by the third seed',
    'export const simulate = ({ seed }) => ({ broken: seed < 3 ? null : "I2: lost" });',
    'seed 3: I2: lost',
  ],
  [
    'throws',
    'export const simulate = () => { throw new Error("no\\nway"); };',
    'throws: at seed 1, Error: no',
  ],
  ['cannot be read', 'import "./nothing.ts";', 'crashed: 1 Error'],
  ['is killed', 'process.kill(process.pid, "SIGKILL");', 'crashed: SIGKILL'],
])('of sources in which all %s that is said, and nothing else', async (_, source, says) => {
  const folder = temporaryFolder();
  const simulation = join(folder, 'failover/core/simulation');
  mkdirSync(simulation, { recursive: true });
  writeFileSync(join(simulation, 'simulate.ts'), source);
  expect(await seedsIn(folder, 4)).toContain(says);
});

test('only what an invariant notices counts as noticed', () => {
  const lines = [
    'a.ts:1 (2) x → left out: seed 3: I2: lost',
    'a.ts:2 (9) x → left out: throws: at seed 1, Error: no',
    'a.ts:3 (9) x → left out: does not end',
    'a.ts:4 (9) x → left out: crashed: 1',
    'a.ts:5 (9) x → left out: NOT NOTICED by 120 seeds',
  ];
  expect(figures(lines)).toBe(
    '5 tried: 1 noticed by an invariant (20.0 %), 1 throw, 1 do not end, 1 crash, 1 not noticed',
  );
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { UnreadableResults } from '../support/recorded.ts';
import { RUNS, type Run, VERSION } from './results.ts';

test('runs that were made in pieces stand in one file, in the order in which they were made', () => {
  const file = join(temporaryFolder(), 'results.json');
  RUNS.add(file, [run('power-loss')]);
  RUNS.add(file, [run('switchover'), run('network-cut')]);
  const runs = RUNS.read(file);
  expect(runs.map(({ fault }) => fault)).toEqual(['power-loss', 'switchover', 'network-cut']);
  expect(runs[0]).toEqual(run('power-loss'));
});

test('results of another version are refused in a sentence, and nothing is added to them', () => {
  const file = join(temporaryFolder(), 'results.json');
  RUNS.add(file, [run('power-loss')]);
  const newer = readFileSync(file, 'utf8').replace(`"version": ${VERSION}`, '"version": 2');
  writeFileSync(file, newer);
  expect(() => RUNS.read(file)).toThrow(/has version 2, and only 1 is understood/);
  expect(() => RUNS.add(file, [run('switchover')])).toThrow(UnreadableResults);
  expect(readFileSync(file, 'utf8')).toBe(newer);
});

test.each([
  ['no JSON', 'runs: none'],
  ['no object', 'null'],
  ['a system that is none', JSON.stringify({ version: VERSION, runs: [{ system: 'third' }] })],
  ['a missing figure', JSON.stringify({ version: VERSION, runs: [{ ...run(), lost: undefined }] })],
  ['an unknown figure', JSON.stringify({ version: VERSION, runs: [{ ...run(), won: 1 }] })],
  ['a figure below zero', JSON.stringify({ version: VERSION, runs: [{ ...run(), lost: -1 }] })],
])('%s is refused', (_, text) => {
  const file = join(temporaryFolder(), 'results.json');
  writeFileSync(file, text);
  expect(() => RUNS.read(file)).toThrow(UnreadableResults);
});

function run(fault: Run['fault'] = 'power-loss'): Run {
  return {
    ...{ system: 'farol', fault, at: '2026-11-27T08:00:00.000Z', commit: '09e4e3a123' },
    ...{ machine: '2 cores', load: [1, 2.5], versions: { Farol: '0.1.0' }, hand: 'none' },
    ...{ withoutAcknowledgementMs: 20_000, longestPauseMs: 20_000, withoutAnswerMs: 4_000 },
    ...{ requests: 900, failed: { 'send: 502': 3 }, messagesFailed: 2, acknowledged: 800 },
    ...{ lost: 0, doubled: 0, outOfOrder: 0, otherwiseWrong: {} },
    ...{ acknowledgements: [1, 0, 2], answers: [1, 1, 0] },
  };
}

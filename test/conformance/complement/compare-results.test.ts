import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareResults, countFunctions, countLeaves } from './compare-results.ts';
import { parseResultList, printResultList, takeOver } from './result-list.ts';
import { type Outcome, resultsOfRun } from './run-results.ts';

test('a run that ends as the list says differs in nothing', () => {
  const list = listed({ TestA: 'pass', 'TestA/one': 'pass', TestB: 'fail', TestC: 'skip' });
  const run = ran({ TestA: 'pass', 'TestA/one': 'pass', TestB: 'fail', TestC: 'skip' });
  expect(compareResults(list, run)).toEqual([]);
});

test('new failures and new passes are told alike', () => {
  const list = listed({ TestA: 'pass', TestB: 'fail', TestC: 'skip', TestD: 'unfinished' });
  const run = ran({ TestA: 'fail', TestB: 'pass', TestC: 'fail', TestD: 'pass' });
  expect(told(list, run)).toEqual([
    'TestA: new failure',
    'TestB: new pass',
    'TestC: new failure',
    'TestD: new pass',
  ]);
});

test('a test that began and was not heard of again has failed', () => {
  expect(told(listed({ TestA: 'pass' }), ran({ TestA: 'unfinished' }))).toEqual([
    'TestA: new failure',
  ]);
});

test('a test that is skipped now says nothing, and is no failure', () => {
  const list = listed({ TestA: 'pass', TestB: 'fail' });
  expect(told(list, ran({ TestA: 'skip', TestB: 'skip' }))).toEqual([
    'TestA: other outcome',
    'TestB: other outcome',
  ]);
});

test('a test that the list does not know is new, unless it fails', () => {
  expect(told(listed({}), ran({ TestA: 'pass', TestB: 'fail', TestC: 'skip' }))).toEqual([
    'TestA: new test',
    'TestB: new failure',
    'TestC: new test',
  ]);
});

test('a listed test that did not run is told', () => {
  const list = listed({ TestA: 'pass', TestB: 'pass', 'TestB/one': 'pass' });
  expect(told(list, ran({ TestB: 'fail' }))).toEqual([
    'TestA: not run',
    'TestB: new failure',
    'TestB/one: not run',
  ]);
});

test('of a run of some functions the others are not missed, but their own parts are', () => {
  const list = listed({ TestA: 'pass', TestB: 'pass', 'TestB/one': 'pass' });
  expect(told(list, ran({ TestB: 'pass' }), { partial: true })).toEqual(['TestB/one: not run']);
});

test('functions and leaves are counted by how they ended', () => {
  const run = ran({ TestA: 'fail', 'TestA/one': 'pass', 'TestA/two': 'fail', TestB: 'skip' });
  expect(countFunctions(run)).toEqual({ pass: 0, fail: 1, skip: 1, unfinished: 0 });
  expect(countLeaves(run)).toEqual({ pass: 1, fail: 1, skip: 1, unfinished: 0 });
});

test('a run is read from what go test prints, between lines of the compiler and up to where it was cut off', () => {
  const printed = [
    '# github.com/matrix-org/complement',
    event('start'),
    event('run', 'TestA'),
    event('output', 'TestA'),
    event('run', 'TestA/one'),
    event('fail', 'TestA/one'),
    event('fail', 'TestA'),
    event('run', 'TestB'),
    event('pass', 'TestB'),
    event('run', 'TestC'),
    event('skip', 'TestC'),
    event('run', 'TestD'),
    event('fail').slice(0, 10),
  ];
  expect([...resultsOfRun(printed.join('\n'))]).toEqual([
    ['TestA', 'fail'],
    ['TestA/one', 'fail'],
    ['TestB', 'pass'],
    ['TestC', 'skip'],
    ['TestD', 'unfinished'],
  ]);
});

test('a run in which no test began is none', () => {
  expect(() => resultsOfRun(event('build-fail'))).toThrow('No test has begun');
  expect(() => resultsOfRun('')).toThrow('No test has begun');
});

test('the list is read as it is written, in order of names', () => {
  const text = 'TestA\tfail\twaits for media\nTestA/one\tpass\nTestB\tskip\n';
  expect(printResultList(parseResultList(text))).toBe(text);
  expect(printResultList(new Map([...parseResultList(text)].reverse()))).toBe(text);
});

test.each(['TestA', 'TestA\tperhaps', 'TestA\tpass\nTestA\tfail'])(
  'a list with %j in it is refused',
  (text) => {
    expect(() => parseResultList(text)).toThrow('cannot be read');
  },
);

test('a run is taken over with the reasons that still hold', () => {
  const list = parseResultList('TestA\tfail\twhy\nTestB\tfail\twhy\nTestC\tfail\twhy\n');
  const taken = takeOver(list, ran({ TestA: 'fail', TestB: 'pass', TestD: 'fail' }));
  expect(printResultList(taken)).toBe(
    'TestA\tfail\twhy\nTestB\tpass\nTestC\tfail\twhy\nTestD\tfail\n',
  );
});

test.each([
  ['csapi.tsv', 300],
  ['federation.tsv', 250],
])('of all that does not pass the committed list %s has the reason', (file, count) => {
  const list = parseResultList(readFileSync(join(import.meta.dirname, file), 'utf8'));
  expect(list.size).toBeGreaterThan(count);
  const unexplained = [...list].filter(
    ([, { outcome, reason }]) => outcome === 'fail' && reason === '',
  );
  expect(unexplained).toEqual([]);
});

const listed = (outcomes: Record<string, Outcome>) =>
  new Map(Object.entries(outcomes).map(([name, outcome]) => [name, { outcome, reason: '' }]));

const ran = (outcomes: Record<string, Outcome>) => new Map(Object.entries(outcomes));

const told = (...all: Parameters<typeof compareResults>) =>
  compareResults(...all).map(({ name, kind }) => `${name}: ${kind}`);

const event = (Action: string, Test?: string) =>
  JSON.stringify({ Time: '2026-07-01T00:00:00Z', Action, Package: 'csapi', Test });

import { expect, test } from 'vitest';
import { WrongOptions } from '../options.ts';
import { costOptionsOf, needsEngine } from './options.ts';

test('unless told otherwise every place and the memory are measured', () => {
  expect(costOptionsOf([])).toMatchObject({
    of: ['synapse', 'one', 'near', 'apart', 'memory'],
    rooms: [1_000, 10_000, 30_000, 100_000],
  });
});

test('it can be run in pieces, and what has one site needs no engine', () => {
  const read = costOptionsOf('--of one,memory --seconds 3 --rooms 10,20 --into x'.split(' '));
  expect(read).toEqual({ of: ['one', 'memory'], seconds: 3, rooms: [10, 20], into: 'x' });
  expect(needsEngine(read)).toBe(false);
  expect(needsEngine(costOptionsOf(['--of', 'one,apart']))).toBe(true);
});

test.for([
  '--of two',
  '--of one,',
  '--seconds 0',
  '--seconds x',
  '--rooms 9',
  '--rooms 10,',
  '--x',
])('%s is refused in a sentence', (typed) => {
  expect(() => costOptionsOf(typed.split(' '))).toThrow(WrongOptions);
});

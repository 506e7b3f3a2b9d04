import { expect, test } from 'vitest';
import { ForAWhile } from './for-a-while.ts';

test('it holds as long as was said last', () => {
  let now = 1_000;
  const silent = new ForAWhile<string>(10, () => now);
  expect(silent.has('a')).toBe(false);
  silent.add('a', 60);
  now += 30;
  silent.add('a', 60);
  now += 59;
  expect([silent.has('a'), silent.has('b')]).toEqual([true, false]);
  now += 1;
  expect(silent.has('a')).toBe(false);
});

test('what is forgotten holds no longer', () => {
  const silent = new ForAWhile<string>(2, () => 1_000);
  for (const key of ['a', 'b']) silent.add(key, 60);
  silent.forget('a');
  expect(['a', 'b'].map((key) => silent.has(key))).toEqual([false, true]);
});

test('of too many those are forgotten of whom was asked least lately', () => {
  const silent = new ForAWhile<string>(2, () => 1_000);
  for (const key of ['a', 'b']) silent.add(key, 60);
  expect(silent.has('a')).toBe(true);
  silent.add('c', 60);
  expect(['a', 'b', 'c'].map((key) => silent.has(key))).toEqual([true, false, true]);
});

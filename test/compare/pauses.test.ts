import { expect, test } from 'vitest';
import { pausesIn } from './pauses.ts';

test('each time without an event is told that is half a second or longer', () => {
  expect(pausesIn([...steady(), ...silent(30), 1, ...silent(4), 2, ...silent(5), 1])).toEqual([
    3_000, 500,
  ]);
});

test('what lasts to the end counts as far as it went', () => {
  expect(pausesIn([...steady(), ...silent(2_400)])).toEqual([240_000]);
});

test('a silence that began before the fault counts from the fault on', () => {
  expect(pausesIn([...steady().fill(0, 97), ...silent(10), 1])).toEqual([1_000]);
});

test('what was usual before the fault is no outage, and what is beyond twice that is one', () => {
  const slow = steady().fill(0, 40, 48);
  expect(pausesIn([...slow, 1, ...silent(15), 1, ...silent(16), 1])).toEqual([1_600]);
});

test('without a pause there is none', () => {
  expect(pausesIn([...steady(), ...steady()])).toEqual([]);
});

const steady = (): number[] => new Array(100).fill(1);
const silent = (steps: number): number[] => new Array(steps).fill(0);

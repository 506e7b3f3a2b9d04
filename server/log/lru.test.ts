import { expect, test } from 'vitest';
import { Lru } from './lru.ts';

test('what was used last stays, as long as all together are not too heavy', () => {
  const lru = new Lru<string, number>(10);
  lru.set('a', 1, 4);
  lru.set('b', 2, 4);
  lru.get('a');
  lru.set('c', 3, 4);
  expect([lru.has('a'), lru.has('b'), lru.has('c')]).toEqual([true, false, true]);
  expect(lru.weight).toBe(8);
});

test('an entry that is replaced weighs what its new value weighs', () => {
  const lru = new Lru<string, number>(10);
  for (const weight of [9, 2, 3]) lru.set('a', weight, weight);
  lru.set('b', 1, 7);
  expect([lru.get('a'), lru.get('b'), lru.weight]).toEqual([3, 1, 10]);
});

test('one that is too heavy alone is not kept, nor what stood in its place, and leaves the others where they are', () => {
  const lru = new Lru<string, number>(10);
  lru.set('a', 1, 5);
  lru.set('b', 2, 5);
  lru.set('b', 3, 11);
  expect([lru.get('a'), lru.has('b'), lru.weight]).toEqual([1, false, 5]);
});

test('whoever wants to know is told of each that is not held any more, once', () => {
  const gone: string[] = [];
  const lru = new Lru<number, string>(2, (value) => gone.push(value));
  for (const n of [1, 2, 3]) lru.set(n, `value ${n}`);
  lru.set(3, 'another');
  lru.delete(2);
  lru.delete(2);
  lru.set(4, 'too heavy', 3);
  expect(gone).toEqual(['value 1', 'value 3', 'value 2', 'too heavy']);
});

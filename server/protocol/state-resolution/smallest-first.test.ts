import { expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import { SmallestFirst } from './smallest-first.ts';

test('whatever is added when, the smallest of those inside is taken', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(99)), { maxLength: 100, size: 'max' }), (steps) => {
      const heap = new SmallestFirst<number>((a, b) => a < b);
      const inside: number[] = [];
      for (const step of steps) {
        if (step !== null) {
          heap.add(step);
          inside.push(step);
        } else {
          inside.sort((a, b) => a - b);
          expect(heap.take()).toBe(inside.shift());
        }
      }
    }),
  );
});

import { expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import type { StateEvent } from '../../protocol/event.ts';
import { ParsedState } from './parsed-state.ts';

const event = (length: number) =>
  ({ content: { text: 'x'.repeat(length) } }) as unknown as StateEvent;

test('few state events and many are found by their numbers until they are deleted', () => {
  const step = fc.record({ nid: fc.nat(20), isKept: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const parsed = new ParsedState();
      const expected = new Map<number, StateEvent>();
      const fresh = new ParsedState();
      for (const { nid, isKept } of steps) {
        const kept = event(nid);
        if (isKept) parsed.set(nid, kept);
        else parsed.delete(nid);
        if (isKept) expected.set(nid, kept);
        else expected.delete(nid);
        expect(parsed.get(nid)).toBe(expected.get(nid));
      }
      for (const [nid, kept] of expected) expect(parsed.get(nid)).toBe(kept);
      for (const [nid, kept] of expected) fresh.set(nid, kept);
      expect(parsed.bytes).toBe(fresh.bytes);
    }),
  );
});

test('those used last are kept, as many as there is space for', () => {
  const parsed = new ParsedState();
  for (const nid of [1, 2, 3]) parsed.set(nid, event(40_000));
  expect([1, 2, 3].map((nid) => parsed.get(nid) !== undefined)).toEqual([true, true, true]);
  parsed.set(4, event(40_000));
  expect([1, 2, 3, 4].map((nid) => parsed.get(nid) !== undefined)).toEqual([
    false,
    true,
    true,
    true,
  ]);
  parsed.set(5, event(200_000));
  expect(parsed.get(5)).toBeUndefined();
  expect(parsed.bytes).toBeLessThan(256 * 1_024);
});

import { expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import { KINDS, type Membership } from '../membership/membership.ts';
import { Members } from './members.ts';

test('of few members and of many it is known who is in the room and how, and how many', () => {
  const change = fc.record({
    // Small ones look like kinds, and large ones are no small integers to V8.
    keyNid: fc.integer({ min: 0, max: 20 }).map((each) => (each < 8 ? each : each * 1_000_000_007)),
    membership: fc.constantFrom<Membership | undefined>(...KINDS, undefined),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const members = new Members();
      const expected = new Map<number, Membership>();
      for (const { keyNid, membership } of changes) {
        members.set(keyNid, membership);
        if (membership === undefined) expected.delete(keyNid);
        else expected.set(keyNid, membership);
        expect(members.size).toBe(expected.size);
        expect(members.get(keyNid)).toBe(membership);
      }
      for (const kind of KINDS) {
        const keys = [...expected].filter(([, each]) => each === kind).map(([keyNid]) => keyNid);
        expect([...members.keys(kind)]).toEqual(keys);
        expect(members.count(kind)).toBe(keys.length);
      }
      for (const [keyNid, membership] of expected) expect(members.get(keyNid)).toBe(membership);
    }),
  );
});

test('who was never there is nothing', () => {
  const members = new Members();
  expect(members.get(1)).toBeUndefined();
  members.set(1, undefined);
  expect(members.size).toBe(0);
});

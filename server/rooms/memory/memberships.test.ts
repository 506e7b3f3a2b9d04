import { expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import { KINDS, type RoomMembership } from '../membership/membership.ts';
import { Memberships } from './memberships.ts';

const roomId = fc.integer({ min: 0, max: 30 }).map((number) => `!${number}` as RoomId);
const membership = fc.record({
  roomId,
  membership: fc.constantFrom(...KINDS),
  position: fc.nat(2 ** 40),
  since: fc.nat(2 ** 40),
  forgotten: fc.boolean(),
});

test('memberships in columns are read as from a map, however many come to those it was made for', () => {
  fc.assert(
    fc.property(fc.array(membership, { maxLength: 60 }), fc.nat(20), (all, count) => {
      const memberships = new Memberships(count);
      const model = new Map<RoomId, RoomMembership>();
      for (const each of all) {
        memberships.set(each);
        model.set(each.roomId, each);
      }
      const told: unknown[] = [];
      memberships.forEach((value, key) => void told.push([key, value]));
      expect(new Map(memberships)).toEqual(model);
      expect(told).toEqual([...model]);
      expect([...memberships.entries()]).toEqual([...model]);
      expect([...memberships.values()]).toEqual([...model.values()]);
      expect([...memberships.keys()]).toEqual([...model.keys()]);
      expect(memberships.size).toBe(model.size);
      for (let number = 0; number <= 31; number++) {
        const id = `!${number}` as RoomId;
        expect(memberships.get(id)).toEqual(model.get(id));
        expect(memberships.has(id)).toBe(model.has(id));
      }
    }),
  );
});

import { expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import { LastPositions } from './last-positions.ts';

const id = (number: number) => `!${number}:x` as RoomId;

test('of each room the furthest position is known, or it is said that it is not', () => {
  const moves = fc.array(fc.record({ room: fc.nat(20), position: fc.nat(1_000) }));
  fc.assert(
    fc.property(moves, fc.integer({ min: 1, max: 25 }), (all, max) => {
      const positions = new LastPositions(max);
      const furthest = new Map<number, number>();
      for (const { room, position } of all) {
        // What was forgotten begins anew.
        const before = positions.get(id(room)) === undefined ? 0 : furthest.get(room)!;
        positions.raise(id(room), position);
        furthest.set(room, Math.max(before, position));
        expect(positions.get(id(room))).toBe(furthest.get(room));
      }
      const known = [...furthest.keys()].filter((room) => positions.get(id(room)) !== undefined);
      for (const room of known) expect(positions.get(id(room))).toBe(furthest.get(room));
      expect(known).toHaveLength(Math.min(max, furthest.size));
      if (furthest.size <= max) expect(positions.forgotten).toBe(0);
    }),
  );
});

test('a room that moves all the time stays, however many others come', () => {
  const positions = new LastPositions(10);
  for (let at = 1; at <= 1_000; at++) {
    positions.raise(id(0), at);
    positions.raise(id(at), at);
    expect(positions.get(id(0))).toBe(at);
  }
  expect(positions.forgotten).toBe(991);
});

test('a room has one name for all who read it', () => {
  const positions = new LastPositions(2);
  const [first, second] = ['!r', '!r'].map((name) => [name, ':x'].join('') as RoomId);
  positions.raise(first!, 1);
  expect(positions.nameOf(second!)).toBe(first);
  expect(positions.nameOf(id(7))).toBe(id(7));
});

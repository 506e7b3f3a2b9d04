import { expect, test } from 'vitest';
import { Wholes } from './wholes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

test('a place is used again for what fills at least half of it, by one at a time', () => {
  const wholes = new Wholes();
  const first = wholes.take(900 * KIB);
  wholes.giveBack(first);
  expect(wholes.take(400 * KIB)).not.toBe(first);
  expect(wholes.take(MIB)).not.toBe(first);
  expect(wholes.take(500 * KIB)).toBe(first);
  expect(wholes.take(500 * KIB)).not.toBe(first);
});

test('of what nobody has no more is kept than 8 MiB, what was given back last', () => {
  const wholes = new Wholes();
  const places = Array.from({ length: 5 }, () => wholes.take(3 * MIB));
  for (const place of places) wholes.giveBack(place);
  expect(wholes.freeBytes).toBe(6 * MIB);
  expect([wholes.take(3 * MIB), wholes.take(3 * MIB)]).toEqual([places[3], places[4]]);
  expect(wholes.freeBytes).toBe(0);
});

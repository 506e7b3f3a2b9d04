import { expect, test } from 'vitest';
import { Wholes } from './wholes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

test('a place is used again for what fills at least half of it, by one at a time', () => {
  const wholes = new Wholes();
  const first = wholes.take(900 * KIB);
  first.letGo();
  expect(wholes.take(400 * KIB).place).not.toBe(first.place);
  expect(wholes.take(MIB).place).not.toBe(first.place);
  expect(wholes.take(500 * KIB).place).toBe(first.place);
  expect(wholes.take(500 * KIB).place).not.toBe(first.place);
});

test('it is used again when everybody who held it has let go', () => {
  const wholes = new Wholes();
  const whole = wholes.take(64 * KIB);
  whole.hold();
  whole.letGo();
  expect(wholes.take(64 * KIB).place).not.toBe(whole.place);
  whole.letGo();
  expect(wholes.take(64 * KIB).place).toBe(whole.place);
});

test('of what nobody has no more is kept than 8 MiB, what was given back last', () => {
  const wholes = new Wholes();
  const places = Array.from({ length: 5 }, () => wholes.take(3 * MIB));
  for (const place of places) place.letGo();
  expect(wholes.freeBytes).toBe(6 * MIB);
  for (const last of places.slice(3)) expect(wholes.take(3 * MIB).place).toBe(last.place);
  expect(wholes.freeBytes).toBe(0);
});

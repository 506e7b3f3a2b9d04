import { expect, test } from 'vitest';
import { Comers } from './comers.ts';

test('from one network a few may be open at once; who was turned away counts until it is gone', () => {
  const { comers, pass } = atTheDoor();
  for (let n = 0; n < 8; n += 1) {
    expect(comers.comes(`2001:db8:1:2::${n}`)).toBe(true);
    pass();
  }
  expect(comers.comes('2001:db8:1:2:ffff::1')).toBe(false);
  expect(comers.comes('2001:db8:1:3::1')).toBe(true);
  comers.goes('2001:db8:1:2:ffff::1');
  comers.goes('2001:db8:1:2::1');
  pass();
  expect(comers.comes('2001:db8:1:2::9')).toBe(true);
});

test('one that comes and goes begins a dozen handshakes a second, and all strangers two dozen', () => {
  const { comers, pass } = atTheDoor();
  expect(begun(comers, Array(20).fill('192.0.2.1'))).toBe(12);
  expect(begun(comers, strangers(100))).toBe(12);
  pass();
  expect(begun(comers, strangers(100))).toBe(24);
});

test('whoever has shown that it is a site is not kept out by strangers, and is bounded by itself', () => {
  const { comers } = atTheDoor();
  comers.isSite('198.51.100.7');
  begun(comers, strangers(100));
  expect(begun(comers, Array(20).fill('::ffff:198.51.100.7'))).toBe(12);
});

function atTheDoor() {
  let second = 0;
  const comers = new Comers(() => second * 1_000);
  const pass = () => {
    second += 1;
  };
  return { comers, pass };
}

/** How many of them may begin, each gone before the next one comes. */
function begun(comers: Comers, addresses: readonly string[]): number {
  return addresses.filter((address) => {
    const may = comers.comes(address);
    comers.goes(address);
    return may;
  }).length;
}

const strangers = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `203.0.113.${n}`);

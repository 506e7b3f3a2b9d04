import { expect, test } from 'vitest';
import { Places } from './places.ts';

const takeAll = (places: Places, who: (n: number) => string) =>
  Array.from({ length: 200 }, (_, n) => places.take('stranger', who(n))).filter((each) => !!each);

test('one has a part of the places, all have no more than there are, and other occasions have their own', () => {
  const places = new Places();
  expect(takeAll(places, () => 'a')).toHaveLength(8);
  expect(takeAll(places, (n) => `b${n}`)).toHaveLength(56);
  expect(places.take('stranger', 'c')).toBeUndefined();
  expect(places.take('known', 'a')).toBeDefined();
  expect(places.take('notary', 'a')).toBeDefined();
});

test('what is given back is taken again, however often', () => {
  const places = new Places();
  for (let turn = 0; turn < 20; turn += 1) {
    const taken = takeAll(places, () => 'a');
    expect(taken).toHaveLength(8);
    for (const giveBack of taken) giveBack();
  }
  expect(takeAll(places, (n) => `b${n}`)).toHaveLength(64);
});

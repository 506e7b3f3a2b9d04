import { expect, test } from 'vitest';
import { AtOnce } from './at-once.ts';

const takeMany = (places: AtOnce<string>, who: (n: number) => string) =>
  Array.from({ length: 20 }, (_, n) => places.take(who(n))).filter((each) => each !== undefined);

test('one has a part of the places, and all together no more than there are', () => {
  const places = new AtOnce<string>({ all: 5, ofOne: 2 });
  expect(takeMany(places, () => 'a')).toHaveLength(2);
  expect(takeMany(places, (n) => `b${n}`)).toHaveLength(3);
  expect(places.take('c')).toBeUndefined();
});

test('what is given back is taken again, by the same or by others, however often', () => {
  const places = new AtOnce<string>({ all: 5, ofOne: 2 });
  for (let turn = 0; turn < 10; turn += 1) {
    const own = takeMany(places, () => 'a');
    expect(own).toHaveLength(2);
    own.pop()!();
    expect(takeMany(places, () => 'a').map((giveBack) => giveBack())).toHaveLength(1);
    own.pop()!();
  }
  expect(takeMany(places, (n) => `b${n}`)).toHaveLength(5);
});

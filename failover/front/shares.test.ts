import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { KnownTokens } from './known-tokens.ts';
import { Shares } from './shares.ts';

const known = (key: string) => ({ key, known: true });
const stranger = (key: string) => ({ key, known: false });

test('one client may have an eighth, and comes to the end of that alone', () => {
  const shares = new Shares(80);
  expect(shares.take(known('phone'), 10)).toBe(true);
  expect(shares.take(known('phone'), 1)).toBe(false);
  expect(shares.take(known('laptop'), 10)).toBe(true);
  shares.give(known('phone'), 4);
  expect(shares.take(known('phone'), 4)).toBe(true);
});

test('strangers have half together, and the rest is kept for those who are known', () => {
  const shares = new Shares(80);
  for (const key of ['1', '2', '3', '4']) expect(shares.take(stranger(key), 10)).toBe(true);
  expect(shares.take(stranger('5'), 1)).toBe(false);
  for (const key of ['a', 'b', 'c', 'd']) expect(shares.take(known(key), 10)).toBe(true);
  expect(shares.take(known('e'), 1)).toBe(false);
});

test('however it is taken and given back, no bound is passed and nothing is lost', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    known: fc.boolean(),
    amount: fc.nat(9),
    give: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.array(step, { maxLength: 80 }),
      (max, steps) => {
        const shares = new Shares(max);
        const taken: { key: string; known: boolean; amount: number }[] = [];
        const sum = (some: typeof taken) => some.reduce((all, { amount }) => all + amount, 0);
        for (const { give, ...wish } of steps) {
          const back = give ? taken.pop() : undefined;
          // One key is known or not for as long as it holds something, as a request keeps its taker.
          const taker = { key: `${wish.key}${wish.known}`, known: wish.known };
          if (back !== undefined) shares.give(back, back.amount);
          else if (shares.take(taker, wish.amount)) taken.push({ ...taker, amount: wish.amount });
          expect(shares.taken).toBe(sum(taken));
          expect(shares.taken).toBeLessThanOrEqual(max);
          const strangers = taken.filter((each) => !each.known);
          expect(sum(strangers)).toBeLessThanOrEqual(Math.ceil(max / 2));
          for (const { key } of taken)
            expect(sum(taken.filter((each) => each.key === key))).toBeLessThanOrEqual(
              shares.largest,
            );
        }
        for (const each of taken) shares.give(each, each.amount);
        expect(shares.taken).toBe(0);
        expect(shares.take(stranger('anew'), Math.min(shares.largest, Math.ceil(max / 2)))).toBe(
          true,
        );
      },
    ),
  );
});

test('a token is known once the writer has said whose it is, and no longer when it says 401', () => {
  const tokens = new KnownTokens();
  const stranger = { key: '192.0.2.1', known: false };
  expect(tokens.taker('t', '192.0.2.1')).toEqual(stranger);
  for (const status of [200, 403, 404, 502]) tokens.answered('t', { status, headers: {} });
  expect(tokens.taker('t', '192.0.2.1')).toEqual(stranger);
  tokens.answered('t', saysUser('@alice:x', 403));
  tokens.answered('of another device', saysUser('@alice:x'));
  expect(tokens.taker('t', '192.0.2.1')).toEqual({ key: '@alice:x', known: true });
  expect(tokens.taker('of another device', '192.0.2.2').key).toBe('@alice:x');
  tokens.answered('t', { status: 200, headers: {} });
  expect(tokens.taker('t', '192.0.2.1').known).toBe(true);
  tokens.answered('t', { status: 401, headers: {} });
  expect(tokens.taker('t', '192.0.2.1')).toEqual(stranger);
});

test('of more tokens than there is memory for, the oldest is forgotten', () => {
  const tokens = new KnownTokens(2);
  for (const token of ['1', '2', '3']) tokens.answered(token, saysUser('@alice:x'));
  expect(['1', '2', '3'].map((token) => tokens.taker(token, '').known)).toEqual([
    false,
    true,
    true,
  ]);
});

const saysUser = (user: string, status = 200) => ({ status, headers: { 'x-farol-user': user } });

import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { canonicalJson } from './canonical-json.ts';
import type { JsonValue } from './json.ts';
import { isSurelyLonger } from './json-length.ts';
import { parseJson } from './parse-json.ts';

test('nothing is called longer that is not, raw numbers among them', () => {
  const numbers = fc
    .constantFrom('1.0', '1e3', '9223372036854775807')
    .map((text) => parseJson(text));
  const values = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue() as fc.Arbitrary<JsonValue>,
      numbers,
      fc.array(tie('value')),
      fc.dictionary(fc.string(), tie('value')),
    ),
  })).value;
  fc.assert(
    fc.property(values, (value) => {
      expect(isSurelyLonger(value, Buffer.byteLength(canonicalJson(value, 'as-found')))).toBe(
        false,
      );
    }),
  );
});

test.each<[string, JsonValue]>([
  ['a long text', 'a'.repeat(999)],
  ['many numbers', Array.from({ length: 1_001 }, () => 1)],
  ['a long key', { ['k'.repeat(999)]: 1 }],
  ['many keys', Object.fromEntries(Array.from({ length: 201 }, (_, n) => [n, true]))],
  ['what lies deep', nested(1_000)],
  ['many raw numbers', Array.from({ length: 501 }, () => parseJson('1.0'))],
])('%s is seen', (_, value) => {
  expect(isSurelyLonger(value, 1_000)).toBe(true);
});

test('of what is large no more is looked at than the bytes allow', () => {
  let looked = 0;
  const entry = {
    get key() {
      looked += 1;
      return 'value';
    },
  };
  expect(
    isSurelyLonger(
      Array.from({ length: 900 }, () => entry),
      1_000,
    ),
  ).toBe(true);
  expect(looked).toBeLessThan(100);
});

function nested(depth: number): JsonValue {
  let value: JsonValue = [];
  for (let n = 1; n < depth; n += 1) value = [[], value];
  return value;
}

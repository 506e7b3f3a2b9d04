import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { canonicalJson } from './canonical-json.ts';
import { canonicalInParts } from './canonical-json-in-parts.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { parseJson } from './parse-json.ts';

test('is the text that canonical JSON is in one go', () => {
  const values = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(
      fc.string({ unit: 'binary' }),
      fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())),
    ),
  ) as fc.Arbitrary<JsonValue>;
  fc.assert(
    fc.property(values, (value) => {
      expect(written(value)).toBe(canonicalJson(value, 'as-found'));
    }),
  );
  expect(written(parseJson('{"b":[1.0,{"z":1e3,"a":[]}],"a":2.0,"1":0}'))).toBe(
    '{"1":0,"a":2.0,"b":[1.0,{"a":[],"z":1000.0}]}',
  );
  expect(written(parseJson('1.0'))).toBe('1.0');
});

test('a breath is taken between the entries of a long list', () => {
  const entry: JsonObject = { body: 'x'.repeat(64 * 1_024) };
  expect(breathsOf({ pdus: [entry, entry, entry, entry, entry] })).toBe(2);
  expect(breathsOf({ pdus: [entry] })).toBe(0);
});

test('throws what canonical JSON throws', () => {
  expect(() => written({ pdus: [{ body: '\ud800' }] })).toThrow(/lone surrogate/);
});

function written(value: JsonValue): string {
  const writing = canonicalInParts(value);
  for (;;) {
    const step = writing.next();
    if (step.done) return step.value;
  }
}

const breathsOf = (value: JsonValue): number => [...canonicalInParts(value)].length;

import { describe, expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { canonicalJson, JSON_DEPTH_MAX } from './canonical-json.ts';
import { writeByHand } from './canonical-json-by-hand.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { parseJson } from './parse-json.ts';

describe('the examples of the appendix', () => {
  test.each([
    ['{}', '{}'],
    ['{\n  "one": 1,\n  "two": "Two"\n}', '{"one":1,"two":"Two"}'],
    ['{\n  "b": "2",\n  "a": "1"\n}', '{"a":"1","b":"2"}'],
    ['{"b":"2","a":"1"}', '{"a":"1","b":"2"}'],
    [
      `{"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {
        "display_name": "John Doe", "three_pids": [
          {"medium": "email", "address": "john.doe@example.org"},
          {"medium": "msisdn", "address": "123456789"}]}}}`,
      '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},"success":true}}',
    ],
    ['{"a": "日本語"}', '{"a":"日本語"}'],
    ['{"本": 2, "日": 1}', '{"日":1,"本":2}'],
    ['{"a": "\\u65E5"}', '{"a":"日"}'],
    ['{"a": null}', '{"a":null}'],
  ])('%s', (input, expected) => {
    expect(canonicalJson(JSON.parse(input))).toBe(expected);
  });

  test('{"a": -0, "b": 1e10} is written without sign and exponent where any number is allowed', () => {
    const value = JSON.parse('{"a": -0, "b": 1e10}');
    expect(canonicalJson(value, 'as-found')).toBe('{"a":0,"b":10000000000}');
  });
});

describe('floats that are allowed', () => {
  test.each([
    [1e-7, '1e-07'],
    [-1e-7, '-1e-07'],
    [0.000_01, '1e-05'],
    [0.000_1, '0.0001'],
    [1.5e-9, '1.5e-09'],
    [1e-10, '1e-10'],
    [0.5, '0.5'],
    [1.5e300, '1.5e+300'],
  ])('%d is written %s, as others write it again', (value, text) => {
    expect(canonicalJson({ a: [value] }, 'as-found')).toBe(`{"a":[${text}]}`);
    expect(canonicalJson(parseJson(`{"a":[${text}]}`), 'as-found')).toBe(`{"a":[${text}]}`);
  });
});

describe('keys', () => {
  test('keys are sorted by code point, where UTF-16 units would put U+1F600 before U+FF0C', () => {
    expect(canonicalJson({ '\u{1f600}': 1, '\uff0c': 2, z: 3 })).toBe(
      '{"z":3,"\uff0c":2,"\u{1f600}":1}',
    );
    expect(canonicalJson({ 'a\u{1f600}': 1, 'a\uff0c': 2, a: 3 })).toBe(
      '{"a":3,"a\uff0c":2,"a\u{1f600}":1}',
    );
  });

  test('keys that look like integers are sorted as text', () => {
    expect(canonicalJson({ 9: 1, 10: 2, a: { 2: 0, 11: 0 } })).toBe(
      '{"10":2,"9":1,"a":{"11":0,"2":0}}',
    );
  });

  test('__proto__ is a key like any other', () => {
    const value = JSON.parse('{"b":{"z":1,"__proto__":{"y":1,"x":2}},"a":1}');
    expect(canonicalJson(value)).toBe('{"a":1,"b":{"__proto__":{"x":2,"y":1},"z":1}}');
  });

  test('an object with hundreds of keys is sorted too', () => {
    const keys = Array.from({ length: 500 }, (_, i) => `@user${(i * 7919) % 500}:example.org`);
    const text = canonicalJson(Object.fromEntries(keys.map((key) => [key, 1])));
    expect(Object.keys(JSON.parse(text))).toEqual(keys.toSorted());
  });

  test('the value given is not changed', () => {
    const value = Object.freeze({ b: Object.freeze([{ d: 1, c: 2 }]), a: 1 });
    expect(canonicalJson(value)).toBe('{"a":1,"b":[{"c":2,"d":1}]}');
    expect(Object.keys(value)).toEqual(['b', 'a']);
  });
});

describe('strings', () => {
  test('control characters have the short escapes, or \\u00 and two lower-case digits', () => {
    expect(canonicalJson('\b\t\n\f\r"\\/\u0000\u001f\u007f\u2028')).toBe(
      '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\u007f\u2028"',
    );
  });

  test.each([
    ['a value', { a: '\ud800' }],
    ['the low half', ['x\udfff']],
    ['a key', { '\udabc': 1 }],
    ['behind an escaped backslash', { a: '\\\ud800' }],
    ['beside integer-like keys', { 1: '\ud800' }],
  ])('a lone surrogate is refused: %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(/lone surrogate/);
  });

  test('text that only looks like the escape of a surrogate is text', () => {
    expect(canonicalJson('\\ud800')).toBe('"\\\\ud800"');
    expect(canonicalJson('\\\\ud800')).toBe('"\\\\\\\\ud800"');
  });
});

describe('numbers', () => {
  test('the strict range is -(2^53)+1 to (2^53)-1', () => {
    expect(canonicalJson([2 ** 53 - 1, -(2 ** 53) + 1])).toBe(
      '[9007199254740991,-9007199254740991]',
    );
  });

  test.each(['9007199254740992', '-9007199254740992', '1.5', '1.0', '1e10', '1e400', '-0', '-0.0'])(
    '%s is refused where JSON is strict',
    (text) => {
      expect(() => canonicalJson([parseJson(text)])).toThrow();
      expect(() => canonicalJson({ 1: parseJson(text) })).toThrow();
    },
  );

  test.each([
    ['9007199254740993', '9007199254740993'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['50.57', '50.57'],
    ['5.114698E4', '51146.98'],
    ['1.0', '1.0'],
    ['1e10', '10000000000.0'],
    ['1e16', '1e+16'],
    ['1.5e-7', '1.5e-07'],
    ['0.0001', '0.0001'],
    ['-0.0', '-0.0'],
    ['-0', '0'],
  ])('%s of an old room is written as Synapse wrote it: %s', (text, expected) => {
    expect(canonicalJson(parseJson(`{"z":1,"a":[${text}]}`), 'as-found')).toBe(
      `{"a":[${expected}],"z":1}`,
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('%s is never JSON', (value) => {
    expect(() => canonicalJson(value, 'as-found')).toThrow(/not an integer/);
  });
});

describe('bounds', () => {
  test('nesting is allowed to the bound, and refused beyond it without harm to the stack', () => {
    const nested = (depth: number): JsonValue =>
      JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(canonicalJson(nested(JSON_DEPTH_MAX))).toHaveLength(2 * JSON_DEPTH_MAX);
    expect(() => canonicalJson(nested(JSON_DEPTH_MAX + 1))).toThrow(/nested deeper/);
    expect(() => canonicalJson(nested(1_000_000))).toThrow(/nested deeper/);
    expect(() => canonicalJson({ 1: nested(1_000_000) })).toThrow(/nested deeper/);
  });

  test.each([
    ['every level', { b: 1, a: 2 }, ['a', 'c', 'b']],
    ['only the deepest', { b: 1, a: 2 }, ['a', 'b', 'c']],
  ])('objects out of order at %s cost no more than their size', (_, deepest, keys) => {
    let value: JsonValue = deepest;
    for (let depth = 0; depth < 900; depth++) {
      const level: JsonObject = { a: 1, b: 2, c: value };
      value = Object.fromEntries(keys.map((key) => [key, level[key]!]));
    }
    expect(canonicalJson(value)).toHaveLength(900 * '{"a":1,"b":2,"c":}'.length + 13);
  });

  test('undefined is refused rather than left out', () => {
    const value = { a: undefined } as unknown as JsonValue;
    expect(() => canonicalJson(value)).toThrow('JSON has no undefined');
  });
});

describe('properties', () => {
  /** Any code points, and more often those on both sides of the surrogates. */
  const text = fc
    .array(fc.oneof(fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff })), { maxLength: 4 })
    .map((points) => String.fromCodePoint(...points));
  const json = fc
    .letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        text,
        fc.maxSafeInteger().map((n) => (Object.is(n, -0) ? 0 : n)),
        fc.constantFrom(null, true, false),
        fc.array(tie('value')),
        fc.dictionary(
          fc.oneof(
            fc.string(),
            text,
            fc.nat(99).map(String),
            fc.constantFrom('__proto__', 'rawJSON', 'toJSON', 'constructor'),
          ),
          tie('value'),
          { noNullPrototype: true },
        ),
      ),
    }))
    .value.map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

  test('reading canonical JSON gives the value back', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  test('canonical JSON of canonical JSON is itself, and the order of keys makes no difference', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });

  test('the fast way writes what the plain way writes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(value)).toBe(writeByHand(value, 'strict'));
      }),
    );
  });
});

const reversed = (value: JsonValue): JsonValue => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
};

import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { canonicalJson } from './canonical-json.ts';
import { floatText, parseJson, rawNumberText } from './parse-json.ts';

const INTEGER = /^-?\d+$/;
const digits = (maxLength: number) =>
  fc
    .array(fc.constantFrom(...'0001234567899'), { minLength: 1, maxLength })
    .map((all) => all.join(''));
const numbers = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits(20).map((text) => text.replace(/^0+(?=.)/, '')),
    fc.option(digits(24), { nil: undefined }),
    fc.constantFrom('', '', '', 'e1', 'E-7', 'e+20'),
  )
  .map(([sign, whole, fraction, power]) =>
    [sign, whole, fraction === undefined ? '' : `.${fraction}`, power].join(''),
  );

test('whichever way it is read, a number is written as Python would, and an integer as it stood', () => {
  fc.assert(
    fc.property(numbers, fc.constantFrom('', '[', ' '), (text, before) => {
      const value = parseJson(before === '[' ? `[${text}]` : `${before}${text}`);
      const written = canonicalJson(value, 'as-found').replace(/^\[|\]$/g, '');
      const wanted = INTEGER.test(text) ? text : floatText(Number(text));
      // Integers of a double's own have no minus on zero.
      expect(written).toBe(wanted === '-0' ? '0' : wanted);
    }),
    { numRuns: 2_000 },
  );
});

test.each(['0.5', '-0.25', '12.75', '0.0001', '123456789.12345'])(
  '%s needs no second look: the engine writes the very text',
  (text) => {
    const value = parseJson(text);
    expect(rawNumberText(value)).toBeUndefined();
    expect(JSON.stringify(value)).toBe(text);
  },
);

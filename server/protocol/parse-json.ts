import type { JsonObject, JsonValue } from './json.ts';

/**
 * JSON whose hashes we must be able to check: a number that JavaScript would change, such as
 * 9223372036854775807 or 1.0, stays what it was. It becomes one of the engine's raw JSON values
 * (JSON.rawJSON), which JSON.stringify writes as it stood, so that the event can be stored and sent
 * on; `numberOf` reads it. Room versions 1 to 5 have such events, and requests are signed with them
 * inside; in later versions `canonicalJson` refuses them.
 *
 * Throws SyntaxError, as JSON.parse does, also on a number beyond what a double holds.
 */
export const parseJson = (text: string): JsonValue =>
  mayLoseNumber(text) ? parseKeepingNumbers(text) : JSON.parse(text);

/** Whether `parseJson` has to look at each value, which takes a microsecond of each. */
export const mayLoseNumber = (text: string): boolean => MAY_LOSE_NUMBER.test(text);

/** The number that a value is, as near as a double comes to it. */
export const numberOf = (value: JsonValue | undefined): number | undefined => {
  if (typeof value === 'number') return value;
  const raw = rawNumberText(value);
  return raw === undefined ? undefined : Number(raw);
};

/** The text of a number that was kept raw; undefined for every other value. */
export const rawNumberText = (value: JsonValue | undefined): string | undefined =>
  isRawJSON(value) ? ((value as JsonObject).rawJSON as string) : undefined;

/**
 * A float as Python writes it. The specification has no word on the canonical form of floats; the
 * events that have them were hashed by Synapse with this one.
 */
export const floatText = (value: number): string => {
  const [digits = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 16) {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
};

/**
 * With an exponent, longer than a double is exact, with a zero at the end, or so small that Python writes it otherwise: of what is left, such as
 * 0.5, the engine writes the very text. Strings may match as well: that only costs the slower way, some ten times JSON.parse.
 */
const MAY_LOSE_NUMBER = /(?:^|[:,[\s])-?(?:[\d.]{16}|\d+(?:\.\d+)?[eE]|\d+\.\d*0(?!\d)|0\.0000)/;

/** Unlike JSON.parse alone, one with a reviver goes down the stack with the nesting. */
const parseKeepingNumbers = (text: string): JsonValue => {
  try {
    return JSON.parse(text, keepNumber as (key: string, value: unknown) => unknown);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SyntaxError('JSON is nested too deeply', { cause: error });
  }
};

/** In Node since version 22 (V8 11.4), but not yet in TypeScript's library. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): JsonObject;
  isRawJSON(value: unknown): boolean;
};

const keepNumber = (_key: string, value: JsonValue, context: { source: string }): JsonValue => {
  if (typeof value !== 'number') return value;
  if (INTEGER.test(context.source)) {
    return Number.isSafeInteger(value) ? value : rawJSON(context.source);
  }
  if (!Number.isFinite(value)) throw new SyntaxError(`number out of range: ${context.source}`);
  const text = floatText(value);
  return text === String(value) ? value : rawJSON(text);
};

const INTEGER = /^-?\d+$/;

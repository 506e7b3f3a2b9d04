import type { JsonValue } from './json.ts';

/** The value has no canonical form. The message is fit for the one who sent it. */
export class CanonicalJsonError extends Error {
  override readonly name = 'CanonicalJsonError';
}

/** `strict`: integers in ±(2^53-1), -0 excluded. `as-found`: every finite number. */
export type NumbersAllowed = 'strict' | 'as-found';

/** Far more than any event needs, far less than any stack holds; Synapse's parser ends near it too. */
export const JSON_DEPTH_MAX = 1000;

export const checkDepth = (depth: number): void => {
  if (depth > JSON_DEPTH_MAX) {
    throw new CanonicalJsonError(`JSON is nested deeper than ${JSON_DEPTH_MAX}`);
  }
};

export const checkNumber = (value: number, numbers: NumbersAllowed): void => {
  const fits =
    numbers === 'strict'
      ? Number.isSafeInteger(value) && !Object.is(value, -0)
      : Number.isFinite(value);
  if (!fits) throw notAnInteger(Object.is(value, -0) ? '-0' : String(value));
};

/**
 * Whether Python, of whose form the hashes and signatures of floats are (parse-json.ts), has another text for the number
 * than the engine: 1e-05 for 0.00001, 1e-07 for 1e-7. From 1e-4 on they write alike, or Python reads an integer.
 */
export const isWrittenOtherwise = (value: number): boolean =>
  value !== 0 && value < 1e-4 && value > -1e-4;

export const checkRawNumber = (text: string, numbers: NumbersAllowed): void => {
  if (numbers === 'strict') throw notAnInteger(text);
};

export const checkString = (text: string): void => {
  if (!text.isWellFormed()) throw loneSurrogate();
};

export const loneSurrogate = (): CanonicalJsonError =>
  new CanonicalJsonError('a string has a lone surrogate, which UTF-8 cannot hold');

export const notJson = (value: never): CanonicalJsonError =>
  new CanonicalJsonError(`JSON has no ${typeof (value as JsonValue | undefined)}`);

const notAnInteger = (text: string): CanonicalJsonError =>
  new CanonicalJsonError(`${text} is not an integer between -(2^53)+1 and (2^53)-1`);

import { badJson } from './matrix-error.ts';

export interface SurveyBounds {
  /** Of objects and arrays in each other. */
  readonly depthMax: number;
  readonly valuesMax: number;
}

export interface Survey {
  readonly values: number;
  /** Whether a number may be read as infinite. */
  readonly mayBeInfinite: boolean;
}

const [QUOTE, BACKSLASH, COMMA, PLUS, ZERO, NINE] = [0x22, 0x5c, 0x2c, 0x2b, 0x30, 0x39];
const [ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];
const [EXPONENT, LOWER_CASE] = [0x65, 0x20];
/** From 309 digits on a number may be beyond all doubles. */
const DIGITS_MAX = 300;

/** JSON before it is parsed: what is too deep or too much to be walked must not come into being. Throws M_BAD_JSON for it. */
export function surveyed(bytes: Buffer, { depthMax, valuesMax }: SurveyBounds): Survey {
  let [depth, values, digits, mayBeInfinite] = [0, 1, 0, false];
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (isDigit(byte)) {
      digits += 1;
      if (digits > DIGITS_MAX) mayBeInfinite = true;
      continue;
    }
    digits = 0;
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === COMMA) values += 1;
    else if (byte === ARRAY_END || byte === OBJECT_END) depth -= 1;
    else if (byte === ARRAY || byte === OBJECT) {
      depth += 1;
      values += 1;
      if (depth > depthMax) throw tooDeep(depthMax);
    } else if ((byte | LOWER_CASE) === EXPONENT && mayRise(bytes[at + 1])) mayBeInfinite = true;
  }
  if (values > valuesMax) throw tooManyValues(valuesMax);
  return { values, mayBeInfinite };
}

/** Where the string that begins at `at` ends; the end of all where it does not. */
export function endOfString(bytes: Buffer, at: number): number {
  let end = bytes.indexOf(QUOTE, at + 1);
  while (end >= 0 && isEscaped(bytes, end)) end = bytes.indexOf(QUOTE, end + 1);
  return end < 0 ? bytes.length : end;
}

export const tooManyValues = (valuesMax: number) =>
  badJson(`The body has more than ${valuesMax} values in all`);

const tooDeep = (depthMax: number) =>
  badJson(`The body has more than ${depthMax} objects and arrays in each other`);

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte <= NINE;
const mayRise = (next: number | undefined): boolean => next === PLUS || isDigit(next);

function isEscaped(bytes: Buffer, at: number): boolean {
  let before = at - 1;
  while (bytes[before] === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

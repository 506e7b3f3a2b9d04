import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { JsonValue } from '../../protocol/json.ts';
import { MAY_BE_UNSTORABLE, whyUnstorable } from '../../protocol/storable.ts';
import { badJson, notJson } from '../matrix-error.ts';
import { readRaw } from './raw.ts';

export interface JsonRules {
  readonly bytesMax: number;
  /** An empty body stands for `{}`. */
  readonly mayBeEmpty: boolean;
}

/** Reads a JSON body, whatever its content type says. Every way to be wrong has its errcode. */
export async function readJson(request: IncomingMessage, rules: JsonRules): Promise<JsonValue> {
  const bytes = await readRaw(request, rules.bytesMax);
  if (bytes.length === 0 && rules.mayBeEmpty) return {};
  return parseJson(bytes);
}

type Parse = (text: string) => JsonValue;

/** Deeper than anything that is said in Matrix, and far from where a walk over it ends the stack. */
export const JSON_DEPTH_MAX = 200;
/** An event cannot hold so many; of the rest, a megabyte of identifiers does not. */
export const JSON_VALUES_MAX = 65_536;

export function parseJson(bytes: Buffer, parse: Parse = JSON.parse): JsonValue {
  refuseNoUtf8(bytes);
  const mayBeInfinite = surveyed(bytes, JSON_DEPTH_MAX);
  const text = bytes.toString('utf8');
  const value = parsed(text, parse);
  // Both can only come in as escapes; almost no body has one, so almost none is walked.
  if (!mayBeInfinite && !MAY_BE_UNSTORABLE.test(text)) return value;
  const complaint = whyUnstorable(value);
  if (complaint !== undefined) throw badJson(`In the body: ${complaint}`);
  return value;
}

export function refuseNoUtf8(bytes: Buffer): void {
  if (!isUtf8(bytes)) throw notJson('The body is not UTF-8');
}

export function parsed(text: string, parse: Parse = JSON.parse): JsonValue {
  try {
    return parse(text);
  } catch (cause) {
    throw notJson(`The body is not JSON: ${(cause as Error).message.slice(0, 200)}`);
  }
}

const [QUOTE, BACKSLASH, COMMA, PLUS, ZERO, NINE] = [0x22, 0x5c, 0x2c, 0x2b, 0x30, 0x39];
const [ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];
const [EXPONENT, LOWER_CASE] = [0x65, 0x20];
/** From 309 digits on a number may be beyond all doubles. */
const DIGITS_MAX = 300;

/**
 * Before it is parsed: what is too deep or too much to be walked must not come into being. True if
 * a number in it may be read as infinite.
 */
export function surveyed(bytes: Buffer, depthMax: number): boolean {
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
  if (values > JSON_VALUES_MAX) throw tooManyValues();
  return mayBeInfinite;
}

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte <= NINE;
const mayRise = (next: number | undefined): boolean => next === PLUS || isDigit(next);
const tooDeep = (depthMax: number) =>
  badJson(`The body has more than ${depthMax} objects and arrays in each other`);
export const tooManyValues = () =>
  badJson(`The body has more than ${JSON_VALUES_MAX} values in all`);

/** Where the string that begins at `at` ends; the end of all where it does not. */
export function endOfString(bytes: Buffer, at: number): number {
  let end = bytes.indexOf(QUOTE, at + 1);
  while (end >= 0 && isEscaped(bytes, end)) end = bytes.indexOf(QUOTE, end + 1);
  return end < 0 ? bytes.length : end;
}

function isEscaped(bytes: Buffer, at: number): boolean {
  let before = at - 1;
  while (bytes[before] === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { JsonValue } from '../../protocol/json.ts';
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

/** Deeper than anything that is said in Matrix, and far from where a walk over it ends the stack. */
export const JSON_DEPTH_MAX = 200;
/** An event cannot hold so many; of the rest, a megabyte of identifiers does not. */
export const JSON_VALUES_MAX = 65_536;

export function parseJson(bytes: Buffer): JsonValue {
  if (!isUtf8(bytes)) throw notJson('The body is not UTF-8');
  const mayBeInfinite = surveyed(bytes);
  const text = bytes.toString('utf8');
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw notJson(`The body is not JSON: ${(cause as Error).message.slice(0, 200)}`);
  }
  // Both can only come in as escapes; almost no body has one, so almost none is walked.
  if (mayBeInfinite || /\\u(?:0000|[dD][89a-fA-F])/.test(text)) refuseUnstorable(value);
  return value;
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
function surveyed(bytes: Buffer): boolean {
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
      if (depth > JSON_DEPTH_MAX) throw tooDeep();
    } else if ((byte | LOWER_CASE) === EXPONENT && mayRise(bytes[at + 1])) mayBeInfinite = true;
  }
  if (values > JSON_VALUES_MAX) throw tooManyValues();
  return mayBeInfinite;
}

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte <= NINE;
const mayRise = (next: number | undefined): boolean => next === PLUS || isDigit(next);
const tooDeep = () =>
  badJson(`The body has more than ${JSON_DEPTH_MAX} objects and arrays in each other`);
const tooManyValues = () => badJson(`The body has more than ${JSON_VALUES_MAX} values in all`);

/** Where the string that begins at `at` ends; the end of all where it does not. */
function endOfString(bytes: Buffer, at: number): number {
  let end = bytes.indexOf(QUOTE, at + 1);
  while (end >= 0 && isEscaped(bytes, end)) end = bytes.indexOf(QUOTE, end + 1);
  return end < 0 ? bytes.length : end;
}

function isEscaped(bytes: Buffer, at: number): boolean {
  let before = at - 1;
  while (bytes[before] === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

/**
 * U+0000 has no place in PostgreSQL's text, a lone surrogate none in UTF-8 (canonical JSON), and
 * `1e999` is read as infinity, which has none in JSON.
 */
function refuseUnstorable(value: JsonValue) {
  const open: JsonValue[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'string') refuseText(next);
    else if (typeof next === 'number') refuseInfinite(next);
    else if (Array.isArray(next)) for (const inner of next) open.push(inner);
    else if (typeof next === 'object' && next !== null) {
      for (const [key, inner] of Object.entries(next)) {
        refuseText(key);
        open.push(inner);
      }
    }
  }
}

function refuseText(text: string) {
  if (text.includes('\0')) throw badJson('A string in the body has a U+0000');
  if (!text.isWellFormed()) throw badJson('A string in the body has half a surrogate pair');
}

function refuseInfinite(number: number) {
  if (!Number.isFinite(number)) throw badJson('A number in the body is beyond 64-bit floats');
}

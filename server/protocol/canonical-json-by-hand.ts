import {
  checkDepth,
  checkNumber,
  checkRawNumber,
  checkString,
  isWrittenOtherwise,
  type NumbersAllowed,
  notJson,
} from './canonical-values.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { floatText, rawNumberText } from './parse-json.ts';

/** The value has keys that the fast way (canonical-order.ts) cannot put in order. */
export const BY_HAND: unique symbol = Symbol('by hand');

/** The plain way, right for every value. */
export const writeByHand = (value: JsonValue, numbers: NumbersAllowed): string =>
  write(value, numbers, 0);

const write = (value: JsonValue, numbers: NumbersAllowed, depth: number): string => {
  switch (typeof value) {
    case 'string':
      checkString(value);
      return JSON.stringify(value);
    case 'number':
      checkNumber(value, numbers);
      return isWrittenOtherwise(value) ? floatText(value) : JSON.stringify(value);
    case 'boolean':
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : writeNested(value, numbers, depth + 1);
    default:
      throw notJson(value);
  }
};

const writeNested = (
  value: readonly JsonValue[] | JsonObject,
  numbers: NumbersAllowed,
  depth: number,
): string => {
  checkDepth(depth);
  if (Array.isArray(value)) {
    return `[${value.map((item: JsonValue) => write(item, numbers, depth)).join(',')}]`;
  }
  const raw = rawNumberText(value as JsonObject);
  if (raw === undefined) return writeObject(value as JsonObject, numbers, depth);
  checkRawNumber(raw, numbers);
  return raw;
};

const writeObject = (object: JsonObject, numbers: NumbersAllowed, depth: number): string => {
  const members = Object.keys(object)
    .sort(byCodePoint)
    .map((key) => `${write(key, numbers, depth)}:${write(object[key]!, numbers, depth)}`);
  return `{${members.join(',')}}`;
};

/** The order of keys. */
export const byCodePoint = (a: string, b: string): number => {
  const shorter = Math.min(a.length, b.length);
  let i = 0;
  while (i < shorter && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  return i === shorter ? a.length - b.length : rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
};

/** UTF-16 units in the order of their code points: surrogates behind U+E000 to U+FFFF. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

import { BY_HAND } from './canonical-json-by-hand.ts';
import {
  checkDepth,
  checkNumber,
  isWrittenOtherwise,
  type NumbersAllowed,
  notJson,
} from './canonical-values.ts';
import type { JsonObject, JsonValue } from './json.ts';

/**
 * The value itself if its keys are in order all the way down, else a copy of just those objects
 * that need one, for the engine's own JSON.stringify to write: that takes 1.8 times its bare cost,
 * where putting the text together takes 4 times (canonical-json.bench.ts). BY_HAND where an object
 * cannot hold its keys in canonical order.
 */
export const inCanonicalOrder = (value: JsonValue, numbers: NumbersAllowed): Ordered =>
  order(value, numbers, 0);

type Ordered = JsonValue | typeof BY_HAND;

const order = (value: JsonValue, numbers: NumbersAllowed, depth: number): Ordered => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      checkNumber(value, numbers);
      return numbers === 'as-found' && isWrittenOtherwise(value) ? BY_HAND : value;
    case 'object':
      if (value === null) return value;
      checkDepth(depth + 1);
      return Array.isArray(value)
        ? orderArray(value, numbers, depth + 1)
        : orderObject(value as JsonObject, numbers, depth + 1);
    default:
      throw notJson(value);
  }
};

const orderArray = (
  array: readonly JsonValue[],
  numbers: NumbersAllowed,
  depth: number,
): Ordered => {
  let copy: JsonValue[] | undefined;
  for (let i = 0; i < array.length; i++) {
    const item = order(array[i]!, numbers, depth);
    if (item === BY_HAND) return BY_HAND;
    if (item !== array[i]) copy ??= array.slice();
    if (copy) copy[i] = item;
  }
  return copy ?? array;
};

const orderObject = (object: JsonObject, numbers: NumbersAllowed, depth: number): Ordered => {
  const keys = Object.keys(object);
  if (keys.length > 0 && mustBeWrittenByHand(keys[0]!)) return BY_HAND;
  let copy = sortByUnits(keys) ? undefined : ({} as Record<string, JsonValue>);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const item = order(object[key]!, numbers, depth);
    if (item === BY_HAND || key === '__proto__') return BY_HAND;
    if (item !== object[key]) copy ??= firstOf(object, keys, i);
    if (copy) copy[key] = item;
  }
  return copy ?? object;
};

/** Integer-like keys, which objects list first and in order of number; raw numbers; `__proto__`. */
const mustBeWrittenByHand = (firstKey: string): boolean => {
  const unit = firstKey.charCodeAt(0);
  return (unit >= 0x30 && unit <= 0x39) || firstKey === 'rawJSON';
};

/** In place; true if they were in order. Keys are few and nearly sorted: insertion beats sort(). */
const sortByUnits = (keys: string[]): boolean => {
  let sorted = 1;
  while (sorted < keys.length && keys[sorted - 1]! < keys[sorted]!) sorted++;
  if (sorted >= keys.length) return true;
  if (keys.length > INSERTION_KEYS_MAX) keys.sort();
  else for (let i = sorted; i < keys.length; i++) insert(keys, i);
  return false;
};

const INSERTION_KEYS_MAX = 32;

const insert = (keys: string[], from: number): void => {
  const key = keys[from]!;
  let to = from;
  for (; to > 0 && keys[to - 1]! > key; to--) keys[to] = keys[to - 1]!;
  keys[to] = key;
};

const firstOf = (object: JsonObject, keys: readonly string[], count: number) => {
  const copy: Record<string, JsonValue> = {};
  for (let i = 0; i < count; i++) copy[keys[i]!] = object[keys[i]!]!;
  return copy;
};

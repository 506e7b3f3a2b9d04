import type { JsonObject, JsonValue } from './json.ts';
import { rawNumberText } from './parse-json.ts';

/**
 * Whether the value has more bytes than this as JSON, however it is written. It is not written for that, and of what
 * is large no more is looked at than that many bytes hold. False says nothing: characters are counted as a byte each.
 */
export function isSurelyLonger(value: JsonValue, bytesMax: number): boolean {
  const open: JsonValue[] = [value];
  let bytes = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'string') bytes += next.length + QUOTES;
    else if (typeof next !== 'object' || next === null) bytes += 1;
    else if (Array.isArray(next)) {
      bytes += next.length;
      if (bytes > bytesMax) return true;
      for (const inner of next) open.push(inner);
    } else if (rawNumberText(next) !== undefined) bytes += 1;
    // The entries of a large object take four times as long to be listed as its keys.
    else
      for (const key of Object.keys(next)) {
        bytes += key.length + AROUND_KEY;
        if (bytes > bytesMax) return true;
        open.push((next as JsonObject)[key]!);
      }
    if (bytes > bytesMax) return true;
  }
  return false;
}

const QUOTES = 2;
/** Of a key: its quotes, the colon, and a comma or brace. */
const AROUND_KEY = 4;

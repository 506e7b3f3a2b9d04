import { canonicalJson } from './canonical-json.ts';
import { byCodePoint } from './canonical-json-by-hand.ts';
import { isObject, type JsonValue } from './json.ts';
import { rawNumberText } from './parse-json.ts';

/** Between two breaths. An entry of a list is written in one go, and has bounds of its own (json-parts.ts). */
const LENGTH_OF_A_BREATH = 128 * 1_024;

/** The same text as `canonicalJson` writes, of an object with long lists: it takes a breath at each `yield`. Throws what that throws. */
export function* canonicalInParts(value: JsonValue): Generator<undefined, string, undefined> {
  if (!isObject(value) || rawNumberText(value) !== undefined)
    return canonicalJson(value, 'as-found');
  const members: string[] = [];
  for (const key of Object.keys(value).sort(byCodePoint)) {
    const member = value[key]!;
    const text = Array.isArray(member) ? yield* listOf(member) : canonicalJson(member, 'as-found');
    members.push(`${canonicalJson(key)}:${text}`);
  }
  return `{${members.join(',')}}`;
}

function* listOf(list: readonly JsonValue[]): Generator<undefined, string, undefined> {
  const entries: string[] = [];
  let unbreathed = 0;
  for (const entry of list) {
    const text = canonicalJson(entry, 'as-found');
    entries.push(text);
    unbreathed += text.length;
    if (unbreathed < LENGTH_OF_A_BREATH) continue;
    yield;
    unbreathed = 0;
  }
  return `[${entries.join(',')}]`;
}

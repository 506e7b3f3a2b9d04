import type { JsonValue } from './json.ts';

/** Text of JSON without it holds nothing of what `whyUnstorable` finds in strings. */
export const MAY_BE_UNSTORABLE = /\\u(?:0000|[dD][89a-fA-F])/;

/**
 * U+0000 has no place in PostgreSQL's text, a lone surrogate none in UTF-8 (canonical JSON), and
 * `1e999` is read as infinity, which has none in JSON. Not recursive: it is asked of any depth.
 */
export function whyUnstorable(value: JsonValue): string | undefined {
  const open: JsonValue[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const complaint = whyNotItself(next);
    if (complaint !== undefined) return complaint;
    if (Array.isArray(next)) for (const inner of next) open.push(inner);
    else if (typeof next === 'object' && next !== null) {
      for (const [key, inner] of Object.entries(next)) {
        const ofKey = whyNoText(key);
        if (ofKey !== undefined) return ofKey;
        open.push(inner);
      }
    }
  }
  return undefined;
}

function whyNotItself(value: JsonValue): string | undefined {
  if (typeof value === 'string') return whyNoText(value);
  if (typeof value !== 'number' || Number.isFinite(value)) return undefined;
  return 'a number is beyond 64-bit floats';
}

function whyNoText(text: string): string | undefined {
  if (text.includes('\0')) return 'a string has a U+0000';
  return text.isWellFormed() ? undefined : 'a string has half a surrogate pair';
}

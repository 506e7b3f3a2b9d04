import { BY_HAND, writeByHand } from './canonical-json-by-hand.ts';
import { inCanonicalOrder } from './canonical-order.ts';
import { loneSurrogate, type NumbersAllowed } from './canonical-values.ts';
import type { JsonValue } from './json.ts';

export { CanonicalJsonError, JSON_DEPTH_MAX, type NumbersAllowed } from './canonical-values.ts';

/**
 * Canonical JSON (appendices, "Canonical JSON"): keys by code point, no white space.
 *
 * `strict` is the format's own range of numbers, as room versions from 6 on enforce it. `as-found`
 * writes any finite number: what hashes and signatures need, since versions 1 to 5 have events
 * beyond that range, and since those travel inside of signed requests.
 *
 * Throws CanonicalJsonError on numbers out of range, on lone surrogates (which the engine writes as
 * escapes), and on nesting deeper than JSON_DEPTH_MAX.
 */
export const canonicalJson = (value: JsonValue, numbers: NumbersAllowed = 'strict'): string => {
  const ordered = inCanonicalOrder(value, numbers);
  if (ordered === BY_HAND) return writeByHand(value, numbers);
  const text = JSON.stringify(ordered);
  if (text.includes('\\ud') && LONE_SURROGATE.test(text)) throw loneSurrogate();
  return isOrderCertain(text) || !hasKeyWithSurrogate(value) ? text : writeByHand(value, numbers);
};

/** An escape \ud800 to \udfff, as against the text `\ud800`, whose backslash is escaped itself. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** The engine compares UTF-16 units: wrong only between surrogates and U+E000 to U+FFFF. */
const isOrderCertain = (text: string): boolean => !SURROGATE.test(text) || !BEHIND.test(text);
const SURROGATE = /[\ud800-\udbff]/;
const BEHIND = /[\ue000-\uffff]/;

/** Asked rarely: emoji and a variation selector are in many messages, but hardly ever in a key. */
const hasKeyWithSurrogate = (value: JsonValue): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasKeyWithSurrogate);
  return Object.entries(value).some(
    ([key, item]) => SURROGATE.test(key) || hasKeyWithSurrogate(item),
  );
};

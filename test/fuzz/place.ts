import type { JsonValue } from '../../server/protocol/json.ts';
import type { Example } from './example.ts';

/** Where something stands in a body: the keys that lead there. */
export type Place = readonly string[];

export function* placesIn(value: JsonValue, place: Place = []): Generator<Place> {
  if (place.length > 0) yield place;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* placesIn(inner, [...place, key]);
}

export const valueAt = (body: JsonValue, place: Place): JsonValue =>
  place.reduce((value, key) => (value as Record<string, JsonValue>)[key]!, body);

export const HOLE = '\u2603';

/** The body as text, with this JSON text at this place. */
export function replaced(body: JsonValue, place: Place, text: string): string {
  return JSON.stringify(put(body, place, HOLE)).replace(`"${HOLE}"`, () => text);
}

export function put(value: JsonValue, [key, ...rest]: Place, leaf: JsonValue): JsonValue {
  if (key === undefined) return leaf;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string,
    JsonValue
  >;
  copy[key] = put(copy[key]!, rest, leaf);
  return copy as JsonValue;
}

const BODY_BYTES = 1_000_000;

/** The array or object at this place with so many entries, or as many as the body may hold. */
export function filled(body: JsonValue, place: Place, countMax: number): string {
  const there = valueAt(body, place);
  const [entry] = Object.entries(
    typeof there === 'object' && there !== null ? there : { x: there },
  );
  const [key, inner] = entry ?? ['x', 'x'];
  const isArray = Array.isArray(there);
  const parts: string[] = [];
  for (let bytes = 2_000, n = 0; bytes < BODY_BYTES && n < countMax; n += 1) {
    const value = JSON.stringify(varied(inner, n));
    const part = isArray ? value : `${JSON.stringify(varied(key, n))}:${value}`;
    bytes += part.length + 1;
    parts.push(part);
  }
  return replaced(body, place, isArray ? `[${parts.join()}]` : `{${parts.join()}}`);
}

/** Another one of its kind: `@bob7:example.org` for `@bob:example.org`. */
function varied(value: JsonValue, n: number): JsonValue {
  if (typeof value !== 'string') return value;
  return value.includes(':') ? value.replace(':', `${n}:`) : `${value}${n}`;
}

/** The form as it goes over the wire, with another text, as it is written there, for one of its fields. */
export const formOf = (
  form: Readonly<Record<string, string>>,
  instead?: { readonly name: string; readonly text: string },
): string =>
  Object.entries(form)
    .map(([name, value]) => (name === instead?.name ? instead.text : encodeURIComponent(value)))
    .map((text, at) => `${Object.keys(form)[at]}=${text}`)
    .join('&');

export type UrlPart = 'path' | 'query';

export interface Instead {
  readonly part: UrlPart;
  readonly name: string;
  /** As it is written in the URL. */
  readonly text: string;
}

/** Each transaction is one of its own. */
export function urlOf({ route, path, query }: Example, count: number, instead?: Instead): string {
  const written = (part: UrlPart, name: string, value: string) =>
    instead?.part === part && instead.name === name ? instead.text : encodeURIComponent(value);
  const filledIn = route.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    written('path', name, name === 'txnId' ? `${count}-${performance.now()}` : path[name]!),
  );
  const pairs = Object.entries(query).map(
    ([name, value]) => `${name}=${written('query', name, value)}`,
  );
  return pairs.length > 0 ? `${filledIn}?${pairs.join('&')}` : filledIn;
}

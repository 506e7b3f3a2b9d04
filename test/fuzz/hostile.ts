import type { JsonValue } from '../../server/protocol/json.ts';
import type { Asked } from './client.ts';
import type { Example } from './example.ts';

/** One bad request, and what is bad about it. */
export interface Hostile extends Asked {
  readonly what: string;
}

/** In place of the token of whoever asks: it may change on the way. */
export const OWN_TOKEN = 'own';

const BODY_BYTES = 1_000_000;

const nested = (open: string, close: string, depth: number, inner = '1') =>
  open.repeat(depth) + inner + close.repeat(depth);

/** In place of any value of a body, as JSON text: some of it no writer of JSON would make. */
export const BAD_JSON_VALUES: Readonly<Record<string, string>> = {
  ...{ null: 'null', true: 'true', 'an empty string': '""', 'an empty array': '[]' },
  ...{ 'an empty object': '{}', zero: '0', minus: '-1', fraction: '0.5', 'minus zero': '-0' },
  ...{
    'beyond 2^53': '9007199254740993',
    'beyond doubles': '1e999',
    'long digits': '9'.repeat(400),
  },
  ...{ 'U+0000': '"a\\u0000b"', 'half a pair': '"\\ud83d"', 'a whole pair': '"\\ud83d\\ude00"' },
  ...{ 'a prototype': '{"__proto__":{"a":1},"constructor":{}}', 'its name': '"__proto__"' },
  ...{
    'a relative path': '"../../etc"',
    'an id': '"@x:y"',
    'many stars': JSON.stringify('*a'.repeat(200)),
  },
  ...{
    'longer than an id': JSON.stringify('é'.repeat(200)),
    '9 kB': JSON.stringify('y'.repeat(9_000)),
  },
  ...{
    '40 kB of stars': JSON.stringify('*a'.repeat(20_000)),
    '200 kB': JSON.stringify('z'.repeat(200_000)),
  },
  ...{ 'deep arrays': nested('[', ']', 4_400), 'deep objects': nested('{"a":', '}', 4_400) },
  ...{
    'deeper arrays': nested('[', ']', 100_000),
    'deeper objects': nested('{"a":', '}', 100_000),
  },
  'an array of arrays': `[${Array(3_000).fill('[]').join()}]`,
  'many numbers and an escape': `["\\ud83d\\ude00",${Array(200_000).fill('1').join()}]`,
  'many strings': `[${Array.from({ length: 20_000 }, (_, n) => `"s${n}"`).join()}]`,
  'many keys': `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":0`).join()}}`,
  'the same key': `{${Array(1_000).fill('"a":{}').join()}}`,
};

/** In place of a value in a path or a query, as it is written there. */
export const BAD_TEXTS: Readonly<Record<string, string>> = {
  ...{
    empty: '',
    blank: '%20',
    percent: '%',
    'bad UTF-8': '%ff',
    'U+0000': 'a%00b',
    slash: 'a%2Fb',
  },
  ...{ dots: '%2e%2e', prototype: '__proto__', constructor: 'constructor', emoji: '%F0%9F%98%80' },
  ...{ zero: '0', minus: '-1', fraction: '0.5', 'beyond 2^53': '9007199254740993', huge: '1e999' },
  ...{ null: 'null', true: 'true', object: '%7B%7D', array: '%5B%5D', 'not JSON': '%7B' },
  ...{
    'a user': '@x:example.org',
    'a room': '!x:example.org',
    'an event': '$x',
    'an alias': '%23x:y',
  },
  ...{ member: 'm.room.member', levels: 'm.room.power_levels', alias: 'm.room.canonical_alias' },
  ...{
    create: 'm.room.create',
    rules: 'm.push_rules',
    direct: 'm.direct',
    ignored: 'm.ignored_user_list',
  },
  ...{
    '300 letters': 'x'.repeat(300),
    '6,000 letters': 'y'.repeat(6_000),
    stars: '*a'.repeat(3_000),
  },
  'deep filter': encodeURIComponent(nested('{"room":', '}', 800, '{}')),
};

/** Whole bodies. */
const BAD_BODIES: Readonly<Record<string, string | Buffer>> = {
  ...{ 'no body': '', blank: ' ', 'half a body': '{"a":', 'two bodies': '{}{}', comment: '/**/{}' },
  ...{ 'not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), NaN: 'NaN' },
  ...{ 'a byte order mark': '\ufeff{}', 'too large': `"${'x'.repeat(1_100_000)}"` },
  ...BAD_JSON_VALUES,
};

/**
 * Which of the bad values a place gets: each `of`-th, beginning at `turn`. Endpoints share their
 * schemas and the reader of bodies, so in a thin run each has others, and together all.
 */
export interface Share {
  readonly of: number;
  readonly turn: number;
}

export const EVERYTHING: Share = { of: 1, turn: 0 };

/** What is tried on one example: each place with bad values, and the whole. */
export function* hostilesOf(example: Example, share: Share): Generator<Hostile> {
  const { method, body } = example;
  const good = { method, token: OWN_TOKEN, path: urlOf(example, 0), body: textOf(body) };
  yield { ...good, what: 'nothing' };
  for (const other of ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'])
    if (other !== method) yield { ...good, method: other, what: `the method ${other}` };
  for (const bad of ['', 'nobody', 'x'.repeat(5_000)])
    yield { ...good, token: bad, what: `the token ${bad.slice(0, 9)}` };
  yield* badUrls(example, good, share);
  if (body === undefined) return;
  for (const [name, text] of Object.entries(BAD_BODIES).filter(inShare(share)))
    yield { ...good, body: text, what: `the body is ${name}` };
  yield* badPlaces(example, good, share);
}

const inShare =
  ({ of, turn }: Share, shift = 0) =>
  (_: unknown, index: number): boolean =>
    (index + turn + shift) % of === 0;

function* badUrls(example: Example, good: Asked, share: Share): Generator<Hostile> {
  let places = 0;
  for (const part of ['path', 'query'] as const)
    for (const name of Object.keys(example[part])) {
      for (const [kind, text] of Object.entries(BAD_TEXTS).filter(inShare(share, places))) {
        const path = urlOf(example, text.length, { part, name, text });
        yield { ...good, path, what: `${part} ${name} is ${kind}` };
      }
      places += 1;
    }
  yield { ...good, path: `${good.path}/`, what: 'a slash behind the path' };
  const twice = Object.keys(example.query).map((name) => `${name}=1&${name}=2`);
  yield { ...good, path: `${good.path.split('?')[0]}?${twice.join('&')}`, what: 'queries twice' };
}

function* badPlaces(example: Example, good: Asked, share: Share): Generator<Hostile> {
  const places = [...placesIn(example.body!)].filter(([first]) => first !== 'auth');
  let count = 0;
  for (const [index, place] of places.entries()) {
    const name = place.join('.');
    for (const [kind, text] of valuesFor(index + share.turn, places.length, share.of)) {
      count += 1;
      const body = replaced(example.body!, place, text);
      const path = urlOf(example, count);
      if (body.length < 1_100_000) yield { ...good, path, body, what: `${name} is ${kind}` };
    }
    if (places.length > PLACES_FEW && place.length > 1) continue;
    const body = filled(withoutOthers(example, place[0]!), place);
    yield { ...good, body, what: `${name} is full` };
  }
}

const HEAVY_BYTES = 20_000;
const PLACES_FEW = 12;

/** A large body's places have the values in turn, and more seldom the heavy ones: else it would take minutes. */
function valuesFor(index: number, places: number, each: number): [kind: string, text: string][] {
  const [light, heavy] = places <= PLACES_FEW ? [each, 2 * each] : [5, 15];
  return Object.entries(BAD_JSON_VALUES).filter(
    ([, text], turn) => (index + turn) % (text.length < HEAVY_BYTES ? light : heavy) === 0,
  );
}

/** What others in the body would be refused for must not hide what this one does. */
function withoutOthers({ body, optional }: Example, kept: string): JsonValue {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body!;
  const isKept = (name: string) => name === kept || !optional.includes(name);
  return Object.fromEntries(Object.entries(body).filter(([name]) => isKept(name)));
}

/** Requests that hold many bytes where a refusal is likely, other bytes in each round. */
export function bulkyOf(example: Example): ((round: number) => Asked)[] {
  const { method, body } = example;
  const places = body === undefined ? [] : [...placesIn(body)];
  return places
    .filter((place) => place[0] !== 'auth' && place.length <= 3)
    .slice(0, PLACES_FEW)
    .map((place) => (round) => {
      const bulk = replaced(body!, place, `"${round}-${'w'.repeat(BULKY_BYTES)}"`);
      return { method, path: urlOf(example, round), token: OWN_TOKEN, body: bulk };
    });
}

export const BULKY_BYTES = 200_000;

/** Several places at once: which of them, what stands there then, and what in the path or query. */
export interface Spoiling {
  readonly values: readonly { readonly place: number; readonly text: string }[];
  readonly url: { readonly part: 'path' | 'query'; readonly place: number; readonly text: string };
}

export function spoiled(example: Example, { values, url }: Spoiling): Hostile {
  const { method, body } = example;
  const places = body === undefined ? [] : [...placesIn(body)];
  const holes = places.length === 0 ? [] : values;
  const holed = holes.reduce<JsonValue>(
    (made, { place }, index) => put(made, places[place % places.length]!, `${HOLE}${index}`),
    body ?? null,
  );
  const text = holes.reduce(
    (made, hole, index) => made.replace(`"${HOLE}${index}"`, () => hole.text),
    JSON.stringify(holed),
  );
  const names = Object.keys(example[url.part]);
  const name = names[url.place % Math.max(1, names.length)];
  const instead = name === undefined ? undefined : { ...url, name };
  const path = urlOf(example, values.length, instead);
  const sent = body === undefined ? undefined : text;
  return { method, token: OWN_TOKEN, path, body: sent, what: `the body ${sent?.slice(0, 300)}` };
}

/** Each transaction is one of its own. */
function urlOf(
  { route, path, query }: Example,
  count: number,
  instead?: { part: 'path' | 'query'; name: string; text: string },
): string {
  const written = (part: 'path' | 'query', name: string, value: string) =>
    instead?.part === part && instead.name === name ? instead.text : encodeURIComponent(value);
  const filledIn = route.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    written('path', name, name === 'txnId' ? `${count}-${performance.now()}` : path[name]!),
  );
  const pairs = Object.entries(query).map(
    ([name, value]) => `${name}=${written('query', name, value)}`,
  );
  return pairs.length > 0 ? `${filledIn}?${pairs.join('&')}` : filledIn;
}

type Place = readonly string[];

function* placesIn(value: JsonValue, place: Place = []): Generator<Place> {
  if (place.length > 0) yield place;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* placesIn(inner, [...place, key]);
}

const HOLE = '\u2603';

function replaced(body: JsonValue, place: Place, text: string): string {
  return JSON.stringify(put(body, place, HOLE)).replace(`"${HOLE}"`, () => text);
}

function put(value: JsonValue, [key, ...rest]: Place, leaf: JsonValue): JsonValue {
  if (key === undefined) return leaf;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string,
    JsonValue
  >;
  copy[key] = put(copy[key]!, rest, leaf);
  return copy as JsonValue;
}

/** The array or object at this place with so many entries that the body is just not too large. */
function filled(body: JsonValue, place: Place): string {
  const there = place.reduce((value, key) => (value as Record<string, JsonValue>)[key]!, body);
  const [entry] = Object.entries(
    typeof there === 'object' && there !== null ? there : { x: there },
  );
  const [key, inner] = entry ?? ['x', 'x'];
  const isArray = Array.isArray(there);
  const parts: string[] = [];
  for (let bytes = 2_000, n = 0; bytes < BODY_BYTES && n < 60_000; n += 1) {
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

const textOf = (body: JsonValue | undefined) =>
  body === undefined ? undefined : JSON.stringify(body);

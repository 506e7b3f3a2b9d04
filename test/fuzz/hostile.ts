import type { JsonValue } from '../../server/protocol/json.ts';
import {
  BAD_BODIES,
  COMMON_JSON_VALUES,
  COMMON_TEXTS,
  OWN_JSON_VALUES,
  OWN_TEXTS,
} from './bad-values.ts';
import type { Asked } from './client.ts';
import type { Example } from './example.ts';
import { filled, formOf, HOLE, placesIn, put, replaced, type UrlPart, urlOf } from './place.ts';

/** One bad request, and what is bad about it. */
export interface Hostile extends Asked {
  readonly what: string;
}

/**
 * Which of the common bad values a place gets: each `of`-th, beginning at `turn`. Endpoints share
 * the readers that judge them, so in a thin run each has others, and together all.
 */
export interface Share {
  readonly of: number;
  readonly turn: number;
}

export const EVERYTHING: Share = { of: 1, turn: 0 };

/** What is tried on one example: each place with bad values, and the whole. */
export function* hostilesOf(example: Example, share: Share): Generator<Hostile> {
  const { method, token, body, form } = example;
  const sent = form ? formOf(form) : textOf(body);
  const good = { method, token, path: urlOf(example, 0), body: sent };
  yield { ...good, what: 'nothing' };
  for (const other of ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'])
    if (other !== method) yield { ...good, method: other, what: `the method ${other}` };
  for (const bad of ['', 'nobody', 'x'.repeat(5_000)])
    yield { ...good, token: bad, what: `the token ${bad.slice(0, 9)}` };
  yield* badUrls(example, good, share);
  if (form) yield* badForms(form, good, share);
  if (body === undefined) return;
  for (const [name, text] of shared(BAD_BODIES, share))
    yield { ...good, body: text, what: `the body is ${name}` };
  yield* badPlaces(example, good, share);
}

const shared = <T>(all: Readonly<Record<string, T>>, { of, turn }: Share): [string, T][] =>
  Object.entries(all).filter((_, index) => (index + turn) % of === 0);

function* badUrls(example: Example, good: Asked, { of, turn }: Share): Generator<Hostile> {
  let places = 0;
  for (const part of ['path', 'query'] as const)
    for (const name of Object.keys(example[part])) {
      const common = shared(COMMON_TEXTS, { of, turn: turn + places });
      for (const [kind, text] of [...Object.entries(OWN_TEXTS), ...common]) {
        const path = urlOf(example, text.length, { part, name, text });
        yield { ...good, path, what: `${part} ${name} is ${kind}` };
      }
      places += 1;
    }
  yield { ...good, path: `${good.path}/`, what: 'a slash behind the path' };
  const twice = Object.keys(example.query).map((name) => `${name}=1&${name}=2`);
  yield { ...good, path: `${good.path.split('?')[0]}?${twice.join('&')}`, what: 'queries twice' };
}

/** Each field with bad texts, and the whole: too many fields, or something that is no form. */
function* badForms(
  form: Readonly<Record<string, string>>,
  good: Asked,
  share: Share,
): Generator<Hostile> {
  for (const name of Object.keys(form))
    for (const [kind, text] of [...Object.entries(OWN_TEXTS), ...shared(COMMON_TEXTS, share)])
      yield { ...good, body: formOf(form, { name, text }), what: `field ${name} is ${kind}` };
  for (const [name, body] of shared(BAD_BODIES, share))
    yield { ...good, body, what: `the form is ${name}` };
  const many = Array.from({ length: 12_000 }, (_, n) => `${n}=`).join('&');
  for (const body of [many, '&'.repeat(60_000), 'session=&'.repeat(7_000)])
    yield { ...good, body, what: `the form is ${body.slice(0, 9)}…` };
}

function* badPlaces(example: Example, good: Asked, { of, turn }: Share): Generator<Hostile> {
  const places = [...placesIn(example.body!)].filter(([first]) => first !== 'auth');
  const isLarge = places.length > PLACES_FEW;
  let count = 0;
  for (const [index, place] of places.entries()) {
    const name = place.join('.');
    const isInner = isLarge && place.length > 1;
    const weight = isInner ? 'inner' : isLarge ? 'of many' : 'of few';
    for (const [kind, text] of valuesFor(weight, { of, turn: turn + index })) {
      count += 1;
      const body = replaced(example.body!, place, text);
      const path = urlOf(example, count);
      if (body.length < 1_100_000) yield { ...good, path, body, what: `${name} is ${kind}` };
    }
    if (isInner) continue;
    for (const [kind, countMax] of FILLS) {
      const body = filled(withoutOthers(example, place[0]!), place, countMax);
      yield { ...good, path: urlOf(example, countMax), body, what: `${name} ${kind}` };
    }
  }
}

/** What is over a bound on entries says nothing of what happens below it. */
const FILLS = [
  ['is full', 60_000],
  ['has 1,000 entries', 1_000],
] as const;

const HEAVY_BYTES = 20_000;
const PLACES_FEW = 12;

/** Of a large body all places together get each value, and the inner ones few: else it would take minutes. */
function valuesFor(place: 'of few' | 'of many' | 'inner', { of, turn }: Share) {
  const each = (light: number, heavy: number) => (text: string, index: number) =>
    (index + turn) % (text.length < HEAVY_BYTES ? light : heavy) === 0;
  const [own, common] = [Object.entries(OWN_JSON_VALUES), Object.entries(COMMON_JSON_VALUES)];
  if (place === 'inner') return chosen([...own, ...common], each(5, 15));
  const others = chosen(common, each(of, 2 * of));
  return place === 'of few' ? [...own, ...others] : [...chosen(own, each(of, of)), ...others];
}

const chosen = (all: readonly [string, string][], is: (text: string, index: number) => boolean) =>
  all.filter(([, text], index) => is(text, index));

/** What others in the body would be refused for must not hide what this one does. */
function withoutOthers({ body, optional }: Example, kept: string): JsonValue {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body!;
  const isKept = (name: string) => name === kept || !optional.includes(name);
  return Object.fromEntries(Object.entries(body).filter(([name]) => isKept(name)));
}

/** Several places at once: which of them, what stands there then, and what in the path or query. */
export interface Spoiling {
  readonly values: readonly { readonly place: number; readonly text: string }[];
  readonly url: { readonly part: UrlPart; readonly place: number; readonly text: string };
}

export function spoiled(example: Example, { values, url }: Spoiling): Hostile {
  const { method, token, body } = example;
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
  return { method, token, path, body: sent, what: `the body ${sent?.slice(0, 300)}` };
}

const textOf = (body: JsonValue | undefined) =>
  body === undefined ? undefined : JSON.stringify(body);

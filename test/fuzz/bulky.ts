import type { Asked } from './client.ts';
import type { Example } from './example.ts';
import {
  formOf,
  HOLE,
  type Place,
  placesIn,
  put,
  replaced,
  type UrlPart,
  urlOf,
  valueAt,
} from './place.ts';

/** A kind of requests that hold many bytes where a refusal is likely, other bytes each time. */
export interface Bulky {
  readonly what: string;
  /** What would stay of each if nothing were let go. */
  readonly bytes: number;
  /** So many of them are seen in the memory of a server that keeps them. */
  readonly rounds: number;
  at(round: number): Asked;
}

const VALUE_BYTES = 200_000;
/** Longer ones are refused by the router, or by Node with the line that they stand in. */
const NAME_BYTES = { path: 1_000, query: 12_000 };
const NAMES_BYTES = 150_000;
const PLACES_FEW = 12;

export function* bulkyOf(example: Example): Generator<Bulky> {
  const places = example.body === undefined ? [] : [...placesIn(example.body)];
  const few = places.filter((place) => place[0] !== 'auth' && place.length <= 3);
  for (const place of few.slice(0, PLACES_FEW)) {
    yield bulkyValue(example, place);
    yield bulkyKey(example, place);
  }
  for (const name of Object.keys(example.form ?? {})) yield bulkyField(example, name);
  for (const part of ['path', 'query'] as const)
    for (const name of Object.keys(example[part])) yield bulkyName(example, part, name);
}

function bulkyValue(example: Example, place: Place): Bulky {
  const { method, token, route, body } = example;
  return {
    what: `${method} ${route}: ${place.join('.')}`,
    bytes: VALUE_BYTES,
    rounds: 2,
    at: (round) => ({
      ...{ method, path: urlOf(example, round), token },
      body: replaced(body!, place, `"${round}-${'w'.repeat(VALUE_BYTES)}"`),
    }),
  };
}

function bulkyField(example: Example, name: string): Bulky {
  const { method, token, route, form } = example;
  return {
    what: `${method} ${route}: field ${name}`,
    bytes: VALUE_BYTES,
    rounds: 2,
    at: (round) => ({
      ...{ method, path: urlOf(example, round), token },
      body: formOf(form!, { name, text: `${round}-${'w'.repeat(VALUE_BYTES)}` }),
    }),
  };
}

/** The key of the place has the bytes. */
function bulkyKey(example: Example, place: Place): Bulky {
  const { method, token, route, body } = example;
  const above = place.slice(0, -1);
  const holed = JSON.stringify(put(body!, above, { [HOLE]: valueAt(body!, place) }));
  return {
    what: `${method} ${route}: the key ${place.join('.')}`,
    bytes: VALUE_BYTES,
    rounds: 2,
    at: (round) => ({
      ...{ method, path: urlOf(example, round), token },
      body: holed.replace(HOLE, `${round}-${'k'.repeat(VALUE_BYTES)}`),
    }),
  };
}

function bulkyName(example: Example, part: UrlPart, name: string): Bulky {
  const { method, token, route, body } = example;
  const sent = example.form
    ? formOf(example.form)
    : body === undefined
      ? undefined
      : JSON.stringify(body);
  const bytes = NAME_BYTES[part];
  const letters = 'n'.repeat(bytes - 20);
  return {
    what: `${method} ${route}: ${part} ${name}`,
    bytes,
    rounds: Math.ceil(NAMES_BYTES / bytes),
    at: (round) => ({
      ...{ method, token, body: sent },
      path: urlOf(example, round, { part, name, text: `${round}-${letters}` }),
    }),
  };
}

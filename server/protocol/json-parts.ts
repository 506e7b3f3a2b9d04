import { JSON_DEPTH_MAX } from './canonical-json.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { endOfString, surveyed, tooManyValues } from './json-survey.ts';
import { MatrixError } from './matrix-error.ts';
import { parseJson } from './parse-json.ts';

/**
 * What stands in the place of a part that nobody could walk over or hold: nothing can be made of it, and the others of
 * its list are none the worse for it.
 */
const UNFIT: JsonObject = {};

export interface PartsBounds {
  /** Of all lists together. */
  readonly entriesMax: number;
  readonly valuesOfOneMax: number;
  readonly valuesMax: number;
}

export interface Parts {
  /** The body with empty lists: whether that is JSON its parser says. */
  readonly frame: Buffer;
  readonly lists: ReadonlyMap<string, readonly JsonValue[]>;
}

/** Between two breaths. Of floats, the slowest of all, they take some 20 ms. */
const BYTES_OF_A_BREATH = 128 * 1_024;

/**
 * A body that carries, in lists of these names, what several people said who know nothing of each other: each entry is
 * parsed by itself, with its numbers as they stand, and has bounds of its own. Where there is more than may be walked at all it
 * throws M_BAD_JSON, and SyntaxError where an entry is no JSON. It takes a breath at each `yield`.
 */
export function* jsonInParts(
  bytes: Buffer,
  names: ReadonlySet<string>,
  bounds: PartsBounds,
): Generator<undefined, Parts, undefined> {
  const { frame, found } = yield* takenApart(bytes, names, bounds.entriesMax);
  const lists = new Map<string, readonly JsonValue[]>();
  let left = bounds.valuesMax;
  let unbreathed = 0;
  for (const [name, spans] of found) {
    const entries: JsonValue[] = [];
    lists.set(name, entries);
    for (const [start, end] of spans) {
      unbreathed += end - start;
      if (unbreathed > BYTES_OF_A_BREATH) {
        yield;
        unbreathed = 0;
      }
      const part = bytes.subarray(start, end);
      const values = valuesIn(part, bounds.valuesOfOneMax);
      left -= values ?? 1;
      if (left < 0) throw tooManyValues(bounds.valuesMax);
      entries.push(values === undefined ? UNFIT : parsedPart(part));
    }
  }
  return { frame, lists };
}

/** The body as it was, of its frame as that was parsed. */
export function putTogether(frame: JsonValue, lists: Parts['lists']): JsonValue {
  if (!isObject(frame)) return frame;
  const filled: Record<string, JsonValue> = { ...frame };
  for (const [name, entries] of lists) if (Array.isArray(frame[name])) filled[name] = entries;
  return filled;
}

/** Undefined where there are too many, or they lie too deep. */
function valuesIn(part: Buffer, valuesMax: number): number | undefined {
  try {
    return surveyed(part, { depthMax: JSON_DEPTH_MAX, valuesMax }).values;
  } catch (error) {
    if (error instanceof MatrixError) return undefined;
    throw error;
  }
}

function parsedPart(bytes: Buffer): JsonValue {
  const text = bytes.toString('utf8');
  try {
    return parseJson(text);
  } catch {
    // Only a number that no double holds is the fault of the part alone.
    JSON.parse(text);
    return UNFIT;
  }
}

type Span = readonly [start: number, end: number];

const [QUOTE, COMMA] = [0x22, 0x2c];
const [ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];

interface List {
  readonly name: string;
  readonly spans: Span[];
  /** Where the entry begins that is being read. */
  start: number;
}

/** Where the entries of the lists lie, and what is left without them. */
function* takenApart(bytes: Buffer, names: ReadonlySet<string>, entriesMax: number) {
  const found = new Map<string, readonly Span[]>();
  const longestName = Math.max(...[...names].map((name) => name.length));
  const frame: Buffer[] = [];
  let [depth, copied, count, breathed] = [0, 0, 0, 0];
  let [key, list]: [string, List | undefined] = ['', undefined];
  const entryEnds = (of: List, end: number) => {
    count += 1;
    if (count > entriesMax) throw tooManyValues(entriesMax);
    of.spans.push([of.start, end]);
    of.start = end + 1;
  };
  for (let at = 0; at < bytes.length; at += 1) {
    if (at - breathed > BYTES_OF_A_BREATH) {
      yield;
      breathed = at;
    }
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      if (depth === 1) key = end - at > longestName + 1 ? '' : bytes.toString('utf8', at + 1, end);
      at = end;
    } else if (byte === ARRAY || byte === OBJECT) {
      depth += 1;
      if (byte === ARRAY && depth === 2 && names.has(key)) {
        list = { name: key, spans: [], start: at + 1 };
        frame.push(bytes.subarray(copied, at + 1));
        copied = at + 1;
      }
    } else if (byte === COMMA) {
      if (depth === 2 && list) entryEnds(list, at);
    } else if (byte === ARRAY_END || byte === OBJECT_END) {
      if (depth === 2 && list) {
        if (list.spans.length > 0 || !isBlank(bytes, list.start, at)) entryEnds(list, at);
        found.set(list.name, list.spans);
        [copied, list] = [at, undefined];
      }
      depth -= 1;
    }
  }
  frame.push(bytes.subarray(copied));
  return { frame: Buffer.concat(frame), found };
}

const isBlank = (bytes: Buffer, start: number, end: number): boolean =>
  /^[ \t\r\n]*$/.test(bytes.toString('utf8', start, end));

import { setImmediate } from 'node:timers/promises';
import { JSON_DEPTH_MAX } from '../../protocol/canonical-json.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { parseJson as parseKeepingNumbers } from '../../protocol/parse-json.ts';
import {
  endOfString,
  JSON_VALUES_MAX,
  parsed,
  parseJson,
  refuseNoUtf8,
  surveyed,
  tooManyValues,
} from './json.ts';

/**
 * What stands in the place of a part that nobody could walk over or hold: nothing can be made of it, and the others of
 * its list are none the worse for it.
 */
const UNFIT: JsonObject = {};

/** Between two breaths of the event loop. */
const BYTES_AT_ONCE = 512 * 1_024;

/**
 * A body that carries, in lists of these names, what several people said who know nothing of each other: each entry has
 * bounds of its own, so that no one of them can make all of it be refused.
 */
export async function parseInParts(bytes: Buffer, lists: ReadonlySet<string>): Promise<JsonValue> {
  refuseNoUtf8(bytes);
  const { frame, found } = takenApart(bytes, lists);
  const body = parseJson(frame, parseKeepingNumbers);
  if (!isObject(body)) return body;
  const filled: Record<string, JsonValue> = { ...body };
  for (const [name, spans] of found)
    if (Array.isArray(body[name])) filled[name] = await parsedParts(bytes, spans);
  return filled;
}

async function parsedParts(bytes: Buffer, spans: readonly Span[]): Promise<JsonValue[]> {
  const parts: JsonValue[] = [];
  let atOnce = 0;
  for (const [start, end] of spans) {
    atOnce += end - start;
    if (atOnce > BYTES_AT_ONCE) {
      await setImmediate();
      atOnce = 0;
    }
    parts.push(parsedPart(bytes.subarray(start, end)));
  }
  return parts;
}

function parsedPart(bytes: Buffer): JsonValue {
  if (!isBounded(bytes)) return UNFIT;
  const text = bytes.toString('utf8');
  try {
    return parseKeepingNumbers(text);
  } catch {
    // Only a number that no double holds is the fault of the part alone.
    parsed(text);
    return UNFIT;
  }
}

function isBounded(bytes: Buffer): boolean {
  try {
    surveyed(bytes, JSON_DEPTH_MAX);
    return true;
  } catch (error) {
    if (error instanceof MatrixError) return false;
    throw error;
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

/** Where the entries of the lists lie, and the body with a 0 in the place of each: whether that is JSON its parser says. */
function takenApart(bytes: Buffer, lists: ReadonlySet<string>) {
  const found = new Map<string, readonly Span[]>();
  const frame: Buffer[] = [];
  let [depth, copied, count] = [0, 0, 0];
  let [key, list]: [string, List | undefined] = ['', undefined];
  const entryEnds = (of: List, end: number) => {
    count += 1;
    if (count > JSON_VALUES_MAX) throw tooManyValues();
    of.spans.push([of.start, end]);
    frame.push(bytes.subarray(copied, of.start), PLACE);
    copied = end;
    of.start = end + 1;
  };
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      if (depth === 1) key = bytes.toString('utf8', at + 1, end);
      at = end;
    } else if (byte === ARRAY || byte === OBJECT) {
      depth += 1;
      if (byte === ARRAY && depth === 2 && lists.has(key))
        list = { name: key, spans: [], start: at + 1 };
    } else if (byte === COMMA) {
      if (depth === 2 && list) entryEnds(list, at);
    } else if (byte === ARRAY_END || byte === OBJECT_END) {
      if (depth === 2 && list) {
        if (list.spans.length > 0 || !isBlank(bytes, list.start, at)) entryEnds(list, at);
        found.set(list.name, list.spans);
        list = undefined;
      }
      depth -= 1;
    }
  }
  frame.push(bytes.subarray(copied));
  return { frame: Buffer.concat(frame), found };
}

const PLACE = Buffer.from('0');

const isBlank = (bytes: Buffer, start: number, end: number): boolean =>
  /^[ \t\r\n]*$/.test(bytes.toString('utf8', start, end));

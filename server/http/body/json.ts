import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { JsonValue } from '../../protocol/json.ts';
import { surveyed, tooManyValues } from '../../protocol/json-survey.ts';
import { EVENT_BYTES_MAX } from '../../protocol/limits.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { mayLoseNumber, parseJson as parseKeepingNumbers } from '../../protocol/parse-json.ts';
import { MAY_BE_UNSTORABLE, whyUnstorable } from '../../protocol/storable.ts';
import { badJson, notJson } from '../matrix-error.ts';
import { readRaw } from './raw.ts';

export interface JsonRules {
  readonly bytesMax: number;
  /** An empty body stands for `{}`. */
  readonly mayBeEmpty: boolean;
}

/** Reads a JSON body, whatever its content type says. Every way to be wrong has its errcode. */
export async function readJson(request: IncomingMessage, rules: JsonRules): Promise<JsonValue> {
  const bytes = await readRaw(request, rules.bytesMax);
  if (bytes.length === 0 && rules.mayBeEmpty) return {};
  return parseJson(bytes);
}

/** Deeper than anything that is said in Matrix, and far from where a walk over it ends the stack. */
export const JSON_DEPTH_MAX = 200;
/** An event cannot hold so many; of the rest, a megabyte of identifiers does not. */
export const JSON_VALUES_MAX = 65_536;

/** Where each value has to be looked at for the sake of its number, which takes a microsecond: more than any event can hold. */
const KEPT_VALUES_MAX = EVENT_BYTES_MAX / 2;

export function parseJson(bytes: Buffer): JsonValue {
  return parsedAs(bytes, (text) => JSON.parse(text) as JsonValue);
}

/** Of another server: numbers stay as they were written. */
export function parseJsonSent(bytes: Buffer): JsonValue {
  return parsedAs(bytes, (text, values) => {
    if (values > KEPT_VALUES_MAX && mayLoseNumber(text)) throw tooManyValues(KEPT_VALUES_MAX);
    return parseKeepingNumbers(text);
  });
}

type Parse = (text: string, values: number) => JsonValue;

function parsedAs(bytes: Buffer, parse: Parse): JsonValue {
  refuseNoUtf8(bytes);
  const bounds = { depthMax: JSON_DEPTH_MAX, valuesMax: JSON_VALUES_MAX };
  const { values, mayBeInfinite } = surveyed(bytes, bounds);
  const text = bytes.toString('utf8');
  const value = parsed(() => parse(text, values));
  // Both can only come in as escapes; almost no body has one, so almost none is walked.
  if (!mayBeInfinite && !MAY_BE_UNSTORABLE.test(text)) return value;
  const complaint = whyUnstorable(value);
  if (complaint !== undefined) throw badJson(`In the body: ${complaint}`);
  return value;
}

export function refuseNoUtf8(bytes: Buffer): void {
  if (!isUtf8(bytes)) throw notJson('The body is not UTF-8');
}

function parsed(parse: () => JsonValue): JsonValue {
  try {
    return parse();
  } catch (cause) {
    throw cause instanceof MatrixError ? cause : notJsonOf(cause as Error);
  }
}

export const notJsonOf = ({ message }: Error) =>
  notJson(`The body is not JSON: ${message.slice(0, 200)}`);

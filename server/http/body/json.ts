import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { JsonValue } from '../../protocol/json.ts';
import { surveyed } from '../../protocol/json-survey.ts';
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

type Parse = (text: string) => JsonValue;

/** Deeper than anything that is said in Matrix, and far from where a walk over it ends the stack. */
export const JSON_DEPTH_MAX = 200;
/** An event cannot hold so many; of the rest, a megabyte of identifiers does not. */
export const JSON_VALUES_MAX = 65_536;

export function parseJson(bytes: Buffer, parse: Parse = JSON.parse): JsonValue {
  refuseNoUtf8(bytes);
  const bounds = { depthMax: JSON_DEPTH_MAX, valuesMax: JSON_VALUES_MAX };
  const { mayBeInfinite } = surveyed(bytes, bounds);
  const text = bytes.toString('utf8');
  const value = parsed(text, parse);
  // Both can only come in as escapes; almost no body has one, so almost none is walked.
  if (!mayBeInfinite && !MAY_BE_UNSTORABLE.test(text)) return value;
  const complaint = whyUnstorable(value);
  if (complaint !== undefined) throw badJson(`In the body: ${complaint}`);
  return value;
}

export function refuseNoUtf8(bytes: Buffer): void {
  if (!isUtf8(bytes)) throw notJson('The body is not UTF-8');
}

function parsed(text: string, parse: Parse): JsonValue {
  try {
    return parse(text);
  } catch (cause) {
    throw notJsonOf(cause as Error);
  }
}

export const notJsonOf = ({ message }: Error) =>
  notJson(`The body is not JSON: ${message.slice(0, 200)}`);

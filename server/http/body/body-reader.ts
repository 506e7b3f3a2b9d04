import type { IncomingMessage } from 'node:http';
import type { JsonValue } from '../../protocol/json.ts';
import {
  type Endpoint,
  FORM_BODY_BYTES_MAX,
  JSON_BODY_BYTES_MAX,
  type JsonBody,
} from '../endpoint.ts';
import { readForm } from './form.ts';
import { parseJsonSent, readJson } from './json.ts';
import { parseInParts } from './parts.ts';
import { readRaw } from './raw.ts';

/** Read as the endpoint wants it, when it is first asked for. */
export interface Body {
  readonly value: JsonValue | undefined;
  /** As another server sent it, which is what it has signed. */
  readonly text: string | undefined;
}

const NONE: Body = { value: undefined, text: undefined };

/** Reads the body as the endpoint wants it, when it is first asked for. */
export function bodyReader<Ports>({ body, auth }: Endpoint<Ports>, request: IncomingMessage) {
  let reading: Promise<Body> | undefined;
  const read = async (): Promise<Body> => {
    if (!body || 'stream' in body) return NONE;
    if ('form' in body) {
      const value = await readForm(request, body.bytesMax ?? FORM_BODY_BYTES_MAX);
      return { ...NONE, value };
    }
    if (auth === 'server') return readSent(request, body);
    const { bytesMax = JSON_BODY_BYTES_MAX, mayBeEmpty = false } = body;
    return { ...NONE, value: await readJson(request, { bytesMax, mayBeEmpty }) };
  };
  return () => (reading ??= read());
}

/** Of another server: of the numbers in it hashes and signatures are made, so they stay as they were written. */
async function readSent(
  request: IncomingMessage,
  { bytesMax = JSON_BODY_BYTES_MAX, mayBeEmpty = false, inParts }: JsonBody<unknown>,
): Promise<Body> {
  const bytes = await readRaw(request, bytesMax);
  if (bytes.length === 0 && mayBeEmpty) return { ...NONE, value: {} };
  const value = inParts ? await parseInParts(bytes, new Set(inParts)) : parseJsonSent(bytes);
  return { value, text: bytes.toString('utf8') };
}

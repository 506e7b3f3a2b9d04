import type { IncomingMessage } from 'node:http';
import type { JsonValue } from '../../protocol/json.ts';
import { type Endpoint, FORM_BODY_BYTES_MAX, JSON_BODY_BYTES_MAX } from '../endpoint.ts';
import { readForm } from './form.ts';
import { readJson } from './json.ts';

/** Reads the body as the endpoint wants it, when it is first asked for. */
export function bodyReader<Ports>({ body }: Endpoint<Ports>, request: IncomingMessage) {
  let reading: Promise<JsonValue | undefined> | undefined;
  const read = async () => {
    if (!body || 'stream' in body) return undefined;
    if ('form' in body) return readForm(request, body.bytesMax ?? FORM_BODY_BYTES_MAX);
    const { bytesMax = JSON_BODY_BYTES_MAX, mayBeEmpty = false } = body;
    return readJson(request, { bytesMax, mayBeEmpty });
  };
  return () => (reading ??= read());
}

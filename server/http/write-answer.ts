import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Answer } from './answer.ts';
import { linger } from './linger.ts';

/** `common`: the headers that all answers have there. */
export async function writeAnswer(
  response: ServerResponse,
  common: Readonly<Record<string, string>>,
  answer: Answer | object,
) {
  const { status, headers, body } = answer instanceof Answer ? answer : jsonAnswer(200, answer);
  if (body instanceof Readable) {
    response.writeHead(status, { ...common, ...headers });
    return pipeline(body, response);
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  const all: Record<string, string | number> = { ...common, ...headers };
  if (status !== 204) all['content-length'] = length;
  response.writeHead(status, all);
  if (headers?.connection === 'close') {
    response.write(body ?? '');
    await linger(response.req);
    response.end();
  } else response.end(body);
}

export const jsonAnswer = (
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
) => new Answer(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));

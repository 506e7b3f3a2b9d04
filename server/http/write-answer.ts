import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Answer } from './answer.ts';
import { linger } from './linger.ts';

/** On every answer: clients in browsers come from any origin (client-server API, web browser clients). */
const CROSS_ORIGIN = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization',
};

export const preflight = new Answer(204, { 'access-control-max-age': '86400' });

export async function writeAnswer(response: ServerResponse, answer: Answer | object) {
  const { status, headers, body } = answer instanceof Answer ? answer : jsonAnswer(200, answer);
  if (body instanceof Readable) {
    response.writeHead(status, { ...CROSS_ORIGIN, ...headers });
    return pipeline(body, response);
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  const all: Record<string, string | number> = { ...CROSS_ORIGIN, ...headers };
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

import type { ServerResponse } from 'node:http';
import { Answer, type Pieces } from './answer.ts';
import { linger } from './linger.ts';
import { Representation } from './representation.ts';
import { STROKE_BYTES, writePieces } from './write-pieces.ts';

/** A client that takes nothing for so long is not waited for: what it is being sent takes memory. */
const READS_WITHIN_MS = 60_000;

/** `common`: the headers that all answers have there. */
export async function writeAnswer(
  response: ServerResponse,
  common: Readonly<Record<string, string>>,
  given: Answer | Representation | object,
) {
  const { status, headers, body } = answerOf(given, response);
  if (isInPieces(body)) {
    const isAsked = response.req.method !== 'HEAD';
    const pieces = isAsked ? await begun(body) : [];
    response.writeHead(status, { ...common, ...headers });
    if (!isAsked) return void response.end();
    response.socket?.setTimeout(READS_WITHIN_MS);
    return writePieces(response, pieces);
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  const all: Record<string, string | number> = { ...common, ...headers };
  if (status !== 204 && status !== 304) all['content-length'] = length;
  response.writeHead(status, all);
  if (headers?.connection === 'close') {
    response.write(body ?? '');
    await linger(response.req);
    response.end();
  } else if (length > STROKE_BYTES && response.req.method !== 'HEAD') {
    response.socket?.setTimeout(READS_WITHIN_MS);
    return writePieces(response, [body!]);
  } else response.end(body);
}

const isInPieces = (body: Answer['body']): body is Pieces =>
  typeof body === 'object' && Symbol.asyncIterator in body;

/** The first one is made before anything is said: where it cannot be, the client is told so. */
async function begun(pieces: Pieces): Promise<Pieces> {
  const rest = pieces[Symbol.asyncIterator]();
  let first: IteratorResult<string | Uint8Array> | undefined = await rest.next();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const next = first ?? (await rest.next());
        first = undefined;
        return next;
      },
      async return() {
        await rest.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
}

function answerOf(given: Answer | Representation | object, { req }: ServerResponse): Answer {
  if (given instanceof Representation) return given.answerTo(req);
  return given instanceof Answer ? given : jsonAnswer(200, given);
}

export const jsonAnswer = (
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
) => new Answer(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));

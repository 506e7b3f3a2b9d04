import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

const PIECE = Buffer.alloc(64 * 1024, 7);
const ETAG = '"made-up"';
const RANGE = /^bytes=(\d+)-(\d+)$/;

/** `/file/BYTES`, whole or a part of it, no faster than it is read: as the server gives files out. */
export async function answerMadeUpFile(
  { url = '', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bytes = Number(url.split('/').at(-1));
  if (headers['if-none-match'] === ETAG) return void response.writeHead(304, { etag: ETAG }).end();
  const range = RANGE.exec(headers.range ?? '');
  const [from, end] = range ? [Number(range[1]), Number(range[2]) + 1] : [0, bytes];
  response.writeHead(range ? 206 : 200, {
    ...{ etag: ETAG, 'accept-ranges': 'bytes', 'content-length': end - from },
    ...(range && { 'content-range': `bytes ${from}-${end - 1}/${bytes}` }),
  });
  const gone = once(response, 'close');
  for (let left = end - from; left > 0 && !response.destroyed; left -= PIECE.length)
    await Promise.race([written(response, PIECE.subarray(0, left)), gone]);
  response.end();
}

const written = (response: ServerResponse, piece: Buffer): Promise<void> =>
  new Promise((resolve) => {
    response.write(piece, () => resolve());
  });

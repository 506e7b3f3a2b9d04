import type { IncomingMessage } from 'node:http';
import { MatrixError, notJson } from '../matrix-error.ts';

/** Nobody keeps a place by saying nothing: a body must come at this rate, after this time. */
export const SLOW_START_MS = 20_000;
export const BYTES_PER_SECOND_MIN = 16 * 1024;

/** All of the body, or none of it. */
export function readRaw(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw overSize(bytesMax);
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw notJson(`The body is ${encoding}-encoded, which this server does not take`);
  return new Promise((resolve, reject) => {
    if (request.destroyed) return reject(gone());
    const chunks: Buffer[] = [];
    let size = 0;
    const dueMs = SLOW_START_MS + (bytesMax / BYTES_PER_SECOND_MIN) * 1_000;
    const late = setTimeout(() => reject(tooSlow()), dueMs);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) return void chunks.push(chunk);
      request.removeAllListeners('data').resume();
      reject(overSize(bytesMax));
    });
    request.once('end', () => {
      clearTimeout(late);
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    request.once('error', reject);
    // Without this a client that leaves in the middle of its body would leave this promise for ever.
    request.once('close', () => {
      clearTimeout(late);
      if (!request.complete) reject(gone());
    });
  });
}

/** Nobody is there to be answered. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

export const gone = () => new ClientGone('The client left before its body was whole');

/** The connection is closed behind it: a client must not make us read what we have refused. */
export const overSize = (bytesMax: number) =>
  new MatrixError(413, 'M_TOO_LARGE', `The body is larger than ${bytesMax} bytes`, {
    headers: { connection: 'close' },
  });

export const tooSlow = () =>
  new MatrixError(408, 'M_UNKNOWN', 'The body did not come in time', {
    headers: { connection: 'close' },
  });

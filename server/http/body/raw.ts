import type { IncomingMessage } from 'node:http';
import { MatrixError, notJson } from '../matrix-error.ts';

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
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) return void chunks.push(chunk);
      request.removeAllListeners('data').resume();
      reject(overSize(bytesMax));
    });
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.once('error', reject);
    // Without this a client that leaves in the middle of its body would leave this promise for ever.
    request.once('close', () => {
      if (!request.complete) reject(gone());
    });
  });
}

/** Nobody is there to be answered. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

const gone = () => new ClientGone('The client left before its body was whole');

/** The connection is closed behind it: a client must not make us read what we have refused. */
const overSize = (bytesMax: number) =>
  new MatrixError(413, 'M_TOO_LARGE', `The body is larger than ${bytesMax} bytes`, {
    headers: { connection: 'close' },
  });

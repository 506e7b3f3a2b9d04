import type { ServerResponse } from 'node:http';
import { ClientGone } from './body/raw.ts';

/**
 * As much as TLS is given at a stroke, its connection keeps room for until it ends: 100 connections that had had an answer
 * of 4 MB each held 400 MB.
 */
export const STROKE_BYTES = 64 * 1024;

/**
 * The next piece is asked for when the kernel has taken the one before: what lies in buffers in between is counted by nobody,
 * and was 0.4 MB of each client who reads slowly. What a client reads meanwhile is in the kernel's own buffer.
 * Resolves when all is sent; rejects where the client has gone.
 */
export async function writePieces(
  response: ServerResponse,
  pieces: AsyncIterable<Uint8Array | string> | readonly (Uint8Array | string)[],
): Promise<void> {
  const connection = new Connection(response);
  try {
    for await (const piece of pieces)
      for (const stroke of strokesOf(piece))
        await connection.takes((done) => response.write(stroke, done));
    await connection.takes((done) => response.end(done));
  } finally {
    connection.release();
  }
}

function* strokesOf(piece: Uint8Array | string): Generator<Uint8Array> {
  const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
  for (let at = 0; at < bytes.length; at += STROKE_BYTES)
    yield bytes.subarray(at, at + STROKE_BYTES);
}

/** Of the request: an answer whose turn has not come has none of its own, and hears of no end. */
class Connection {
  readonly #socket: ServerResponse['req']['socket'];
  #isGone: boolean;
  #waiting: ((error?: Error | null) => void) | undefined;
  readonly #close = () => {
    this.#isGone = true;
    this.#waiting?.(new Error('the connection was closed'));
  };

  constructor({ req: { socket } }: ServerResponse) {
    this.#socket = socket.once('close', this.#close);
    this.#isGone = socket.destroyed;
  }

  takes(write: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = (cause) => (cause ? reject(left(cause)) : resolve());
      if (this.#isGone) this.#close();
      else write(this.#waiting);
    });
  }

  release(): void {
    this.#socket.off('close', this.#close);
  }
}

const left = (cause: Error) =>
  new ClientGone('The client left before it had its whole answer', { cause });

import type { ServerResponse } from 'node:http';
import { STROKE_BYTES, strokesOf } from './strokes.ts';

/** A body whole, or as it comes. */
export type Sent = Buffer | AsyncIterable<Buffer>;

/**
 * Piece by piece, each when the kernel has the one before; resolves when it has all, and rejects where the other side has
 * gone. What is small lies in the socket's buffers, of which there are no more than connections.
 */
export async function sendAnswer(response: ServerResponse, body: Sent): Promise<void> {
  if (isSmall(body)) return void response.end(body);
  const taking = new Taking(response);
  try {
    if (Buffer.isBuffer(body)) await taking.all(body);
    else for await (const piece of body) await taking.all(piece);
    await taking.end();
  } finally {
    taking.release();
  }
}

export const isSmall = (body: Sent): body is Buffer =>
  Buffer.isBuffer(body) && body.length <= STROKE_BYTES;

/** How a client, or another front, takes an answer. */
class Taking {
  readonly #response: ServerResponse;
  #settle: ((error?: Error | null) => void) | undefined;
  readonly #close = () => this.#settle?.(new Error('Who was to have the answer has gone'));

  constructor(response: ServerResponse) {
    this.#response = response.once('close', this.#close);
  }

  async all(bytes: Buffer): Promise<void> {
    for (const stroke of strokesOf(bytes))
      await this.#taken((done) => this.#response.write(stroke, done));
  }

  end(): Promise<void> {
    return this.#taken((done) => this.#response.end(done));
  }

  release(): void {
    this.#response.off('close', this.#close);
  }

  #taken(give: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error ? reject(error) : resolve());
      if (this.#response.destroyed) this.#close();
      else give(this.#settle);
    });
  }
}

import type { IncomingMessage } from 'node:http';
import { MatrixError } from '../matrix-error.ts';
import { BYTES_PER_SECOND_MIN, gone, overSize, SLOW_START_MS, tooSlow } from './raw.ts';

/** A body that is taken as it comes: what is not asked for stays with the client. */
export interface Streamed {
  /** As the client says it; undefined where it says nothing. Node holds it to that. */
  readonly declaredBytes: number | undefined;
  readonly contentType: string | undefined;
  /**
   * Once. Refuses at once what is declared to be longer, then what is (413), and what does not come in time (408). Ends with
   * `ClientGone` where the client leaves before its end, so whoever came to the end has all of it.
   */
  read(bytesMax: number): AsyncIterable<Buffer>;
}

export function streamOf(request: IncomingMessage): Streamed {
  const { 'content-length': length, 'content-type': contentType } = request.headers;
  return {
    declaredBytes: length === undefined ? undefined : Number(length),
    contentType,
    read(bytesMax) {
      refuseEncoded(request);
      if (Number(length ?? 0) > bytesMax) throw overSize(bytesMax);
      return bounded(request, bytesMax);
    },
  };
}

async function* bounded(request: IncomingMessage, bytesMax: number): AsyncGenerator<Buffer> {
  const arrivals = new Arrivals(request);
  let bytes = 0;
  try {
    for (;;) {
      const chunk = request.read() as Buffer | null;
      if (chunk !== null) {
        bytes += chunk.length;
        if (bytes > bytesMax) throw overSize(bytesMax);
        arrivals.count(chunk.length);
        yield chunk;
      } else if (request.readableEnded || request.destroyed) break;
      else await arrivals.next();
    }
  } catch (error) {
    throw request.destroyed && !request.complete ? gone() : error;
  } finally {
    arrivals.end();
  }
  if (!request.complete) throw gone();
}

const LOOKS_AGAIN_MS = 1_000;

/**
 * What a body waits for, and for how long in all. Node's own iterator says nothing of time, and a timer for each chunk,
 * of which a MB has 64, was dearer than the chunk.
 */
class Arrivals {
  readonly #request: IncomingMessage;
  #bytes = 0;
  #waitedMs = 0;
  #sinceMs = 0;
  #waiting: PromiseWithResolvers<void> | undefined;
  #late: NodeJS.Timeout;
  readonly #come = () => this.#waiting?.resolve();
  readonly #fail = (error: Error) => this.#waiting?.reject(error);
  readonly #look = () => {
    const leftMs = this.#leftMs();
    if (leftMs <= 0 && this.#waiting) this.#fail(tooSlow());
    else this.#late = setTimeout(this.#look, leftMs > 0 ? leftMs : LOOKS_AGAIN_MS);
  };

  constructor(request: IncomingMessage) {
    this.#request = request;
    request.on('readable', this.#come).on('end', this.#come).on('close', this.#come);
    request.on('error', this.#fail);
    this.#late = setTimeout(this.#look, SLOW_START_MS);
  }

  /** So many have come. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /** More, or the end of it; rejects where neither comes in time. */
  async next(): Promise<void> {
    this.#sinceMs = performance.now();
    this.#waiting = Promise.withResolvers();
    try {
      await this.#waiting.promise;
    } finally {
      this.#waiting = undefined;
      this.#waitedMs += performance.now() - this.#sinceMs;
    }
  }

  end(): void {
    this.#request.off('readable', this.#come).off('end', this.#come).off('close', this.#come);
    this.#request.off('error', this.#fail);
    clearTimeout(this.#late);
  }

  #leftMs(): number {
    const waitsMs = this.#waiting ? performance.now() - this.#sinceMs : 0;
    const dueMs = SLOW_START_MS + (this.#bytes / BYTES_PER_SECOND_MIN) * 1_000;
    return dueMs - this.#waitedMs - waitsMs;
  }
}

function refuseEncoded({ headers }: IncomingMessage) {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  const message = `The body is ${encoding}-encoded, which this server does not take`;
  throw new MatrixError(415, 'M_UNKNOWN', message, { headers: { connection: 'close' } });
}

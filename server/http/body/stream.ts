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
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  let bytes = 0;
  let waitedMs = 0;
  try {
    for (;;) {
      const dueMs = SLOW_START_MS + (bytes / BYTES_PER_SECOND_MIN) * 1_000;
      const asked = performance.now();
      const { value: chunk, done } = await inTime(chunks.next(), dueMs - waitedMs);
      waitedMs += performance.now() - asked;
      if (done) break;
      bytes += chunk.length;
      if (bytes > bytesMax) throw overSize(bytesMax);
      yield chunk;
    }
  } catch (error) {
    throw request.destroyed && !request.complete ? gone() : error;
  } finally {
    // Behind a `next` that is still waited for, so nobody waits for this.
    void chunks.return?.().catch(() => undefined);
  }
  if (!request.complete) throw gone();
}

async function inTime<T>(next: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(tooSlow()), Math.max(0, ms));
  try {
    return await Promise.race([next, late.promise]);
  } finally {
    clearTimeout(timer);
    next.catch(() => undefined);
  }
}

function refuseEncoded({ headers }: IncomingMessage) {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  const message = `The body is ${encoding}-encoded, which this server does not take`;
  throw new MatrixError(415, 'M_UNKNOWN', message, { headers: { connection: 'close' } });
}

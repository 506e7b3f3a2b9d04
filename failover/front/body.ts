import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** A request's body: whole, and so replayable, or passed on as it comes because it is too long to keep. */
export type Body = { kind: 'whole'; bytes: Buffer } | { kind: 'stream'; stream: Readable };

export async function readBody(request: IncomingMessage, wholeBytesMax: number): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > wholeBytesMax) {
    return { kind: 'stream', stream: request };
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  const rest = request[Symbol.asyncIterator]();
  for (;;) {
    const next = await rest.next();
    if (next.done) return { kind: 'whole', bytes: Buffer.concat(chunks) };
    chunks.push(next.value as Buffer);
    bytes += (next.value as Buffer).length;
    if (bytes > wholeBytesMax)
      return { kind: 'stream', stream: Readable.from(joined(chunks, rest)) };
  }
}

async function* joined(begun: Buffer[], rest: AsyncIterator<unknown>) {
  yield* begun;
  for (;;) {
    const next = await rest.next();
    if (next.done) return;
    yield next.value;
  }
}

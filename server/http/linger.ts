import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const LINGER_MS = 2_000;
const LINGER_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Between an answer and the end of its connection, where a body is still coming: a socket that is closed with
 * unread bytes in it is reset, and the answer with it. So they are taken for a while longer.
 */
export async function linger(incoming: IncomingMessage): Promise<void> {
  if (incoming.complete) return;
  const over = new AbortController();
  let bytes = 0;
  const take = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LINGER_BYTES_MAX) over.abort();
  };
  incoming.on('data', take).once('close', () => over.abort());
  incoming.once('end', () => over.abort());
  await sleep(LINGER_MS, undefined, { signal: over.signal }).catch(() => undefined);
  incoming.off('data', take);
}

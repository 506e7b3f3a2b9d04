import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Refusal {
  readonly status: number;
  readonly errcode: string;
  readonly error: string;
  readonly retryAfterS?: number;
}

/** Never 401 or 4xx for our own trouble: clients log out on it (D6). */
const SET_ASIDE: Refusal = {
  status: 503,
  errcode: 'M_UNKNOWN',
  error: 'No site can answer just now. Try again shortly.',
  retryAfterS: 2,
};

export function setAside(
  incoming: IncomingMessage,
  response: ServerResponse,
  count: { givenUp: number },
): Promise<void> {
  count.givenUp++;
  return refuse(incoming, response, SET_ASIDE);
}

/** A client that is still sending reads its answer only if its bytes are taken for a while longer. */
const LINGER_MS = 2_000;
const LINGER_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Answers, and ends the connection: not at once where a body is still coming, since a socket that is
 * closed with unread bytes in it is reset, and the answer with it.
 */
export async function refuse(
  incoming: IncomingMessage,
  response: ServerResponse,
  { status, errcode, error, retryAfterS }: Refusal,
): Promise<void> {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(JSON.stringify({ errcode, error }));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'access-control-allow-origin': '*',
    ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }),
    connection: 'close',
  });
  response.write(body);
  if (!incoming.complete) await linger(incoming);
  response.end();
}

async function linger(incoming: IncomingMessage): Promise<void> {
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

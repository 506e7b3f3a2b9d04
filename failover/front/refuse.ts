import type { IncomingMessage, ServerResponse } from 'node:http';
import { linger } from '../../server/http/linger.ts';

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

/** Answers, and ends the connection: not at once where a body is still coming. */
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
  await linger(incoming);
  response.end();
}

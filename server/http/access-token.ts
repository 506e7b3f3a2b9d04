import type { IncomingMessage } from 'node:http';
import { missingToken } from './matrix-error.ts';
import type { Query } from './query.ts';

/** From the header, or from the query where clients of before v1.11 put it. */
export function accessTokenOf(request: IncomingMessage, query: Query): string | undefined {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
    if (token === undefined) throw missingToken();
    return token;
  }
  const inQuery = query.access_token;
  return typeof inQuery === 'string' && inQuery !== '' ? inQuery : undefined;
}

import type { IncomingMessage } from 'node:http';
import type { Person } from '../../protocol/caller.ts';
import { limitExceeded, missingToken, unknownToken } from '../matrix-error.ts';
import type { Query } from '../query.ts';
import { subscriberOf } from '../rate-limits.ts';
import type { Scheme } from './scheme.ts';

/** Looking up costs a query: an address that names many tokens which are none has to wait. */
export const personBehindToken: Scheme<Person> = async (
  { request, query, meta },
  { authenticate, rateLimits },
) => {
  const known = authenticate(accessTokenOf(request, query), meta);
  if (typeof known === 'object') return known;
  const who = `unknown tokens ${subscriberOf(meta.address)}`;
  const waitMs = rateLimits.waitMs('read', who);
  if (waitMs > 0) throw limitExceeded(waitMs);
  const found = await known?.();
  if (found) return found;
  rateLimits.take('read', who);
  throw unknownToken('Unknown access token');
};

/** From the header, or from the query where clients of before v1.11 put it. */
function accessTokenOf(request: IncomingMessage, query: Query): string {
  const header = request.headers.authorization;
  const inHeader = header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header)?.[1];
  const token = header === undefined ? query.access_token : inHeader;
  if (typeof token !== 'string' || token === '') throw missingToken();
  return token;
}

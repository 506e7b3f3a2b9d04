import type { Person } from '../../protocol/caller.ts';
import { invalidParam, missingToken, refuseWhoMustWait, unknownToken } from '../matrix-error.ts';
import type { Query } from '../query.ts';
import { subscriberOf } from '../rate-limits.ts';
import type { Scheme, Unproved } from './scheme.ts';

/** Looking up costs a query: an address that names many tokens which are none has to wait. */
export const personBehindToken: Scheme<Person> = async (unproved, gate) => {
  const { meta, query } = unproved;
  const { authenticate, appServices, rateLimits } = gate;
  const token = accessTokenOf(unproved);
  const service = appServices.behind(token);
  if (service) return appServices.actFor(service, actingAs(query));
  const known = authenticate(token, meta);
  if (typeof known === 'object') return known;
  const who = `unknown tokens ${subscriberOf(meta.address)}`;
  refuseWhoMustWait(rateLimits.waitMs('read', who));
  const found = await known?.();
  if (found) return found;
  rateLimits.take('read', who);
  throw unknownToken('Unknown access token');
};

export function accessTokenOf(unproved: Unproved): string {
  const token = accessTokenIn(unproved);
  if (token === undefined) throw missingToken();
  return token;
}

/** From the header, or from the query where clients of before v1.11 put it. */
export function accessTokenIn({ request, query }: Unproved): string | undefined {
  const header = request.headers.authorization;
  const inHeader = header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header)?.[1];
  const token = header === undefined ? query.access_token : inHeader;
  return typeof token === 'string' && token !== '' ? token : undefined;
}

/** Whom of its users an application service acts for, and on which of their devices ("Identity assertion"). */
const actingAs = (query: Query) => ({
  userId: once(query, 'user_id'),
  deviceId: once(query, 'device_id') ?? once(query, 'org.matrix.msc3202.device_id'),
});

function once(query: Query, name: string): string | undefined {
  const value = query[name];
  if (Array.isArray(value)) throw invalidParam(`${name} is there more than once`);
  return value;
}

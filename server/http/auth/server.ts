import type { Server } from '../../protocol/caller.ts';
import { limitExceeded } from '../matrix-error.ts';
import { subscriberOf } from '../rate-limits.ts';
import type { Scheme } from './scheme.ts';

/**
 * What is signed is the whole request, so the body is read before anybody is let in; but not that of
 * who claims nothing. An address whose proofs fail has to wait: each may have made us ask another server.
 */
export const server: Scheme<Server> = async ({ request, meta, body }, { servers, rateLimits }) => {
  const claims = servers.claimed(request.headersDistinct.authorization ?? []);
  const who = `unproved servers ${subscriberOf(meta.address)}`;
  const waitMs = rateLimits.waitMs('read', who);
  if (waitMs > 0) throw limitExceeded(waitMs);
  const { method = '', url: uri = '' } = request;
  const content = await body();
  try {
    return await servers.prove(claims, { method, uri, content });
  } catch (error) {
    rateLimits.take('read', who);
    throw error;
  }
};

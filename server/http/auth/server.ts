import type { Server } from '../../protocol/caller.ts';
import { refuseWhoMustWait } from '../matrix-error.ts';
import { subscriberOf } from '../rate-limits.ts';
import type { Scheme } from './scheme.ts';

/**
 * What is signed is the whole request, so the body is read before anybody is let in; but not that of
 * who claims nothing. An address whose proofs fail has to wait: each may have made us ask another server.
 * What they take they take before they are proved: else any number at once would, while the first still fails.
 */
export const server: Scheme<Server> = async ({ request, meta, body }, { servers, rateLimits }) => {
  const claims = servers.claimed(request.headersDistinct.authorization ?? []);
  const who = `unproved servers ${subscriberOf(meta.address)}`;
  refuseWhoMustWait(rateLimits.waitMs('read', who));
  const { method = '', url: uri = '' } = request;
  const { value: content, text } = await body();
  refuseWhoMustWait(rateLimits.take('read', who));
  const proved = await servers.prove(claims, { method, uri, content, text });
  rateLimits.giveBack('read', who);
  return proved;
};

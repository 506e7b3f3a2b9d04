import { z } from 'zod';
import type { ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import { endpoint } from '../../http/endpoint.ts';
import { NOT_UNBOUND } from './not-unbound.ts';

export const delete3pidFromAccount = endpoint({
  operation: 'delete3pidFromAccount',
  routes: ['POST /_matrix/client/v3/account/3pid/delete'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  body: { json: z.object({ medium: z.string(), address: z.string() }) },
  async handle(
    { caller, body },
    { thirdPartyIds }: { thirdPartyIds: Pick<ThirdPartyIds, 'remove'> },
  ) {
    await thirdPartyIds.remove(caller.userId, body);
    return NOT_UNBOUND;
  },
});

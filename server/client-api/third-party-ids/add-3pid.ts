import { z } from 'zod';
import type { ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import { endpoint } from '../../http/endpoint.ts';
import { passwordOf } from '../password-of.ts';
import { credentialFields, credentialsIn } from './credentials.ts';

export interface AddingPorts {
  readonly thirdPartyIds: Pick<ThirdPartyIds, 'add'>;
}

/** By an address its owner gets a new password: whoever has found a token must not bring their own. */
export const add3PID = endpoint({
  operation: 'add3PID',
  routes: ['POST /_matrix/client/v3/account/3pid/add'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object(credentialFields) },
  uia: async ({ caller }) => passwordOf(caller),
  async handle({ caller, body, once }, { thirdPartyIds }: AddingPorts) {
    await thirdPartyIds.add(caller.userId, credentialsIn(body), once);
    return {};
  },
});

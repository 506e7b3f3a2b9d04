import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { passwordOf } from '../password-of.ts';
import type { AddingPorts } from './add-3pid.ts';
import { credentialFields, credentialsIn } from './credentials.ts';

/** The same in the form of before r0.6, and no easier: the specification asks for no password here. */
export const post3PIDs = endpoint({
  operation: 'post3PIDs',
  routes: ['POST /_matrix/client/v3/account/3pid'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({ three_pid_creds: z.object(credentialFields) }) },
  uia: async ({ caller }) => passwordOf(caller),
  async handle({ caller, body, once }, { thirdPartyIds }: AddingPorts) {
    await thirdPartyIds.add(caller.userId, credentialsIn(body.three_pid_creds), once);
    return {};
  },
});

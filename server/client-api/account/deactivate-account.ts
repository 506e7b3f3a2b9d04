import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { type ClosingPorts, closeAccount } from './close-account.ts';

export const deactivateAccount = endpoint({
  operation: 'deactivateAccount',
  routes: ['POST /_matrix/client/v3/account/deactivate'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({ erase: z.boolean().default(false) }), mayBeEmpty: true },
  uia: async () => [['m.login.password']],

  handle: ({ caller, body, once }, ports: ClosingPorts) =>
    closeAccount(ports, { userId: caller.userId, erase: body.erase }, once),
});

import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { type ClosingPorts, closeAccount } from './close-account.ts';

/** There are no third-party identifiers here, so none stays bound. */
const BODY = { id_server_unbind_result: 'success' };

export const deactivateAccount = endpoint({
  operation: 'deactivateAccount',
  routes: ['POST /_matrix/client/v3/account/deactivate'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({ erase: z.boolean().default(false) }), mayBeEmpty: true },
  uia: async () => [['m.login.password']],

  async handle({ caller, body, once }, ports: ClosingPorts) {
    await closeAccount(ports, { userId: caller.userId, erase: body.erase }, once, BODY);
    return BODY;
  },
});

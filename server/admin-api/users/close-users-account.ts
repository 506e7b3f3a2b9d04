import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { type ClosingPorts, closeAccount } from '../../client-api/account/close-account.ts';
import { endpoint } from '../../http/endpoint.ts';
import { forbidden } from '../../http/matrix-error.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';

type Ports = LocalPorts & ClosingPorts & { readonly audit: Pick<Audit, 'note'> };

export const closeUsersAccount = endpoint({
  operation: 'adminDeactivateAccount',
  routes: ['POST /_synapse/admin/v1/deactivate/{userId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ofUser,
  body: { json: z.object({ erase: z.boolean().default(false) }), mayBeEmpty: true },
  async handle({ caller, path: { userId }, body, once }, ports: Ports) {
    await localAccount(ports, userId);
    if (caller.userId === userId) throw forbidden('Nobody does that to themselves');
    const order = { by: caller.userId, action: 'adminDeactivateAccount', target: userId };
    await ports.audit.note({ ...order, detail: body });
    return closeAccount(ports, { userId, erase: body.erase }, once);
  },
});

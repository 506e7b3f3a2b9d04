import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Audit } from '../../accounts/audit.ts';
import type { Moderation } from '../../accounts/moderation.ts';
import { endpoint } from '../../http/endpoint.ts';
import { forbidden } from '../../http/matrix-error.ts';
import { type LocalPorts, ofUser, openAccount } from './local-user.ts';

interface Ports extends LocalPorts {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly moderation: Pick<Moderation, 'setAdmin'>;
  readonly audit: Pick<Audit, 'note'>;
}

export const setAccountAdmin = endpoint({
  operation: 'adminSetAccountAdmin',
  routes: ['PUT /_synapse/admin/v1/users/{userId}/admin'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ofUser,
  body: { json: z.object({ admin: z.boolean() }) },
  async handle({ caller, path: { userId }, body, once }, ports: Ports) {
    await openAccount(ports, userId);
    if (caller.userId === userId && !body.admin) throw forbidden('Nobody does that to themselves');
    const order = { by: caller.userId, action: 'adminSetAccountAdmin', target: userId };
    await ports.audit.note({ ...order, detail: body });
    await ports.moderation.setAdmin(userId, body.admin, once);
    return {};
  },
});

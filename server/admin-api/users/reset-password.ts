import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Audit } from '../../accounts/audit.ts';
import type { Passwords } from '../../accounts/passwords.ts';
import { endpoint } from '../../http/endpoint.ts';
import { type LocalPorts, ofUser, openAccount } from './local-user.ts';

interface Ports extends LocalPorts {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly passwords: Pick<Passwords, 'change'>;
  readonly audit: Pick<Audit, 'note'>;
}

export const resetPassword = endpoint({
  operation: 'adminResetPassword',
  routes: ['POST /_synapse/admin/v1/reset_password/{userId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ofUser,
  body: {
    json: z.object({
      new_password: z.string().min(1).max(4_096),
      logout_devices: z.boolean().default(true),
    }),
  },
  async handle({ caller, path: { userId }, body, once }, ports: Ports) {
    await openAccount(ports, userId);
    const { new_password: password, logout_devices: logoutDevices } = body;
    const order = { by: caller.userId, action: 'adminResetPassword', target: userId };
    await ports.audit.note({ ...order, detail: { logout_devices: logoutDevices } });
    const change = { userId, deviceId: undefined, password, logoutDevices };
    await ports.passwords.change(change, once);
    return {};
  },
});

import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { endpoint } from '../../http/endpoint.ts';

export const changePassword = endpoint({
  operation: 'changePassword',
  routes: ['POST /_matrix/client/v3/account/password'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: {
    json: z.object({
      new_password: z.string().min(1).max(4_096),
      logout_devices: z.boolean().default(true),
    }),
  },
  uia: async () => [['m.login.password']],

  async handle(
    { caller, body, once },
    { accounts }: { accounts: Pick<Accounts, 'changePassword'> },
  ) {
    const { userId, deviceId } = caller;
    const { new_password: password, logout_devices: logoutDevices } = body;
    await accounts.changePassword({ userId, deviceId, password, logoutDevices }, once);
    return {};
  },
});

import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { forbidden, notFound } from '../../http/matrix-error.ts';
import { whoIs } from './who-is.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'get'>;
  readonly devices: Pick<Devices, 'list'>;
}

/** Of oneself; of others for administrators. */
export const getWhoIs = endpoint({
  operation: 'getWhoIs',
  routes: ['GET /_matrix/client/v3/admin/whois/{userId}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId }),
  async handle({ caller, path }, { accounts, devices }: Ports) {
    const isOwn = path.userId === caller.userId;
    if (!isOwn && !caller.isAdmin) throw forbidden('Others are shown to administrators only');
    if (!isOwn && !(await accounts.get(path.userId))) throw notFound('There is no such account');
    return whoIs(path.userId, await devices.list(path.userId));
  },
});

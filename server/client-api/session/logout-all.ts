import { z } from 'zod';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';

export const logoutAll = endpoint({
  operation: 'logout_all',
  routes: ['POST /_matrix/client/v3/logout/all', 'POST /_matrix/client/r0/logout/all'],
  auth: 'guest',
  standing: 'locked',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({}), mayBeEmpty: true },
  async handle({ caller, once }, { devices }: { devices: Pick<Devices, 'deleteAll'> }) {
    await devices.deleteAll(caller.userId, once);
    return {};
  },
});

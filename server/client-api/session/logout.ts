import { z } from 'zod';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { onDevice } from '../on-device.ts';

/** The device goes with its token, and with its keys. */
export const logout = endpoint({
  operation: 'logout',
  routes: ['POST /_matrix/client/v3/logout', 'POST /_matrix/client/r0/logout'],
  auth: 'guest',
  standing: 'locked',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({}), mayBeEmpty: true },
  async handle({ caller, once }, { devices }: { devices: Pick<Devices, 'delete'> }) {
    await devices.delete(caller.userId, [onDevice(caller).deviceId], once);
    return {};
  },
});

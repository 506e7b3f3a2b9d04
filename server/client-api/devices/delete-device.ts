import { z } from 'zod';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import { passwordOf } from '../password-of.ts';

export const deleteDevice = endpoint({
  operation: 'deleteDevice',
  routes: ['DELETE /_matrix/client/v3/devices/{deviceId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ deviceId: name }),
  body: { json: z.object({}), mayBeEmpty: true },
  uia: async ({ caller }) => passwordOf(caller),

  async handle({ caller, path, once }, { devices }: { devices: Pick<Devices, 'delete'> }) {
    await devices.delete(caller.userId, [path.deviceId], once);
    return {};
  },
});

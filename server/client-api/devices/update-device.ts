import { z } from 'zod';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';

export const updateDevice = endpoint({
  operation: 'updateDevice',
  routes: ['PUT /_matrix/client/v3/devices/{deviceId}'],
  auth: 'guest',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ deviceId: name }),
  body: { json: z.object({ display_name: z.string().max(255).optional() }) },

  /** Without a name nothing is changed, but the device must be there. */
  async handle({ caller, path, body }, { devices }: { devices: Pick<Devices, 'get' | 'rename'> }) {
    if (body.display_name === undefined) await devices.get(caller.userId, path.deviceId);
    else await devices.rename(caller.userId, path.deviceId, body.display_name);
    return {};
  },
});

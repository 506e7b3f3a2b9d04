import { z } from 'zod';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { listOf, name } from '../../http/fields.ts';
import { passwordOf } from '../password-of.ts';

export const deleteDevices = endpoint({
  operation: 'deleteDevices',
  routes: ['POST /_matrix/client/v3/delete_devices'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({ devices: listOf(name, 1_000) }) },
  uia: async ({ caller }) => passwordOf(caller),

  async handle({ caller, body, once }, { devices }: { devices: Pick<Devices, 'delete'> }) {
    await devices.delete(caller.userId, body.devices, once);
    return {};
  },
});

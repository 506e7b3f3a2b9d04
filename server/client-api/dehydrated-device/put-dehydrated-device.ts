import { z } from 'zod';
import type { DehydratedDevices } from '../../encryption/dehydrated-devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, name } from '../../http/fields.ts';
import { keysById } from '../keys/key-fields.ts';

export const putDehydratedDevice = endpoint({
  operation: 'putDehydratedDevice',
  routes: ['PUT /_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: {
    json: z.object({
      device_id: name.min(1),
      initial_device_display_name: z.string().max(255).optional(),
      device_data: jsonObject,
      device_keys: jsonObject,
      one_time_keys: keysById,
      fallback_keys: keysById,
    }),
  },
  handle: (
    { caller, body, once },
    { dehydratedDevices }: { dehydratedDevices: Pick<DehydratedDevices, 'put'> },
  ) =>
    dehydratedDevices.put(
      caller.userId,
      {
        deviceId: body.device_id,
        displayName: body.initial_device_display_name ?? null,
        deviceData: body.device_data,
        deviceKeys: body.device_keys,
        oneTimeKeys: body.one_time_keys,
        fallbackKeys: body.fallback_keys,
      },
      once,
    ),
});

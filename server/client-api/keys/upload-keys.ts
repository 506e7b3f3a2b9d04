import { z } from 'zod';
import type { DeviceKeys } from '../../encryption/device-keys.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject } from '../../http/fields.ts';
import { onDevice } from '../on-device.ts';
import { keysById } from './key-fields.ts';

export const uploadKeys = endpoint({
  operation: 'uploadKeys',
  routes: ['POST /_matrix/client/v3/keys/upload', 'POST /_matrix/client/r0/keys/upload'],
  auth: 'guest',
  rateLimit: 'write',
  idempotency: 'request',
  body: {
    json: z.object({
      device_keys: jsonObject.optional(),
      one_time_keys: keysById,
      fallback_keys: keysById,
    }),
  },
  handle: ({ caller, body, once }, { deviceKeys }: { deviceKeys: Pick<DeviceKeys, 'upload'> }) =>
    deviceKeys.upload(
      onDevice(caller),
      {
        deviceKeys: body.device_keys,
        oneTimeKeys: body.one_time_keys,
        fallbackKeys: body.fallback_keys,
      },
      once,
    ),
});

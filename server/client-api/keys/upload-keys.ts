import { z } from 'zod';
import type { DeviceKeys } from '../../encryption/device-keys.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byName, jsonObject } from '../../http/fields.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';

/** One schema for both: a union would try the one and complain before it tries the other, 50 times. */
const key = z.custom<string | JsonObject>(
  (value) => typeof value === 'string' || isObject(value as JsonValue),
  'must be a string or an object',
);
const keysById = byName(key).default({});

export const uploadKeys = endpoint({
  operation: 'uploadKeys',
  routes: ['POST /_matrix/client/v3/keys/upload', 'POST /_matrix/client/r0/keys/upload'],
  auth: 'user',
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
      caller,
      {
        deviceKeys: body.device_keys,
        oneTimeKeys: body.one_time_keys,
        fallbackKeys: body.fallback_keys,
      },
      once,
    ),
});

import { z } from 'zod';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import { clientDevice } from './client-device.ts';

export const getDevice = endpoint({
  operation: 'getDevice',
  routes: ['GET /_matrix/client/v3/devices/{deviceId}'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ deviceId: name }),
  async handle({ caller, path }, { devices }: { devices: Pick<Devices, 'get'> }) {
    return clientDevice(await devices.get(caller.userId, path.deviceId));
  },
});

import { z } from 'zod';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, userId } from '../../http/fields.ts';
import { type LocalPorts, localAccount } from '../users/local-user.ts';
import { toldDevice } from './told-device.ts';

type Ports = LocalPorts & { readonly devices: Pick<Devices, 'get'> };

export const getUsersDevice = endpoint({
  operation: 'adminGetDevice',
  routes: ['GET /_synapse/admin/v2/users/{userId}/devices/{deviceId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId, deviceId: name }),
  async handle({ path: { userId, deviceId } }, ports: Ports) {
    await localAccount(ports, userId);
    return toldDevice(userId, await ports.devices.get(userId, deviceId));
  },
});

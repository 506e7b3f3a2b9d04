import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { type LocalPorts, localAccount, ofUser } from '../users/local-user.ts';
import { toldDevice } from './told-device.ts';

type Ports = LocalPorts & { readonly devices: Pick<Devices, 'list'> };

export const listUsersDevices = endpoint({
  operation: 'adminListDevices',
  routes: ['GET /_synapse/admin/v2/users/{userId}/devices'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofUser,
  async handle({ path: { userId } }, ports: Ports) {
    await localAccount(ports, userId);
    const devices = await ports.devices.list(userId);
    return { devices: devices.map((each) => toldDevice(userId, each)), total: devices.length };
  },
});

import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, userId } from '../../http/fields.ts';
import { type LocalPorts, localAccount } from '../users/local-user.ts';

type Ports = LocalPorts & {
  readonly devices: Pick<Devices, 'delete'>;
  readonly audit: Pick<Audit, 'note'>;
};

export const deleteUsersDevice = endpoint({
  operation: 'adminDeleteDevice',
  routes: ['DELETE /_synapse/admin/v2/users/{userId}/devices/{deviceId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ userId, deviceId: name }),
  async handle({ caller, path, once }, ports: Ports) {
    await localAccount(ports, path.userId);
    const devices = [path.deviceId];
    const order = { by: caller.userId, action: 'adminDeleteDevice', target: path.userId };
    await ports.audit.note({ ...order, detail: { devices } });
    await ports.devices.delete(path.userId, devices, once);
    return {};
  },
});

import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { listOf, name, userId } from '../../http/fields.ts';
import { type LocalPorts, localAccount } from '../users/local-user.ts';

type Ports = LocalPorts & {
  readonly devices: Pick<Devices, 'delete'>;
  readonly audit: Pick<Audit, 'note'>;
};

export const deleteUsersDevices = endpoint({
  operation: 'adminDeleteDevices',
  routes: ['POST /_synapse/admin/v2/users/{userId}/delete_devices'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ userId }),
  body: { json: z.object({ devices: listOf(name, 1_000) }) },
  async handle({ caller, path, body, once }, ports: Ports) {
    await localAccount(ports, path.userId);
    const devices = body.devices;
    const order = { by: caller.userId, action: 'adminDeleteDevices', target: path.userId };
    await ports.audit.note({ ...order, detail: { devices } });
    await ports.devices.delete(path.userId, devices, once);
    return {};
  },
});

import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, userId } from '../../http/fields.ts';
import { type LocalPorts, localAccount } from '../users/local-user.ts';

type Ports = LocalPorts & {
  readonly devices: Pick<Devices, 'get' | 'rename'>;
  readonly audit: Pick<Audit, 'note'>;
};

export const updateUsersDevice = endpoint({
  operation: 'adminUpdateDevice',
  routes: ['PUT /_synapse/admin/v2/users/{userId}/devices/{deviceId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId, deviceId: name }),
  body: { json: z.object({ display_name: z.string().max(255) }) },
  async handle({ caller, path: { userId, deviceId }, body }, ports: Ports) {
    await localAccount(ports, userId);
    await ports.devices.get(userId, deviceId);
    const order = { by: caller.userId, action: 'adminUpdateDevice', target: userId };
    await ports.audit.note({ ...order, detail: { deviceId, ...body } });
    await ports.devices.rename(userId, deviceId, body.display_name);
    return {};
  },
});

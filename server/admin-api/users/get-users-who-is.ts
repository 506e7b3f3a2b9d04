import type { Devices } from '../../accounts/devices.ts';
import { whoIs } from '../../client-api/admin/who-is.ts';
import { endpoint } from '../../http/endpoint.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';

type Ports = LocalPorts & { readonly devices: Pick<Devices, 'list'> };

/** GET /_matrix/client/v3/admin/whois, where Synapse had it first. */
export const getUsersWhoIs = endpoint({
  operation: 'adminGetWhoIs',
  routes: ['GET /_synapse/admin/v1/whois/{userId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofUser,
  async handle({ path: { userId } }, ports: Ports) {
    await localAccount(ports, userId);
    return whoIs(userId, await ports.devices.list(userId));
  },
});

import type { Pushers } from '../../accounts/pushers.ts';
import { endpoint } from '../../http/endpoint.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';

type Ports = LocalPorts & { readonly pushers: Pick<Pushers, 'list'> };

export const getUsersPushers = endpoint({
  operation: 'adminGetPushers',
  routes: ['GET /_synapse/admin/v1/users/{userId}/pushers'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofUser,
  async handle({ path }, ports: Ports) {
    await localAccount(ports, path.userId);
    const pushers = await ports.pushers.list(path.userId);
    return { pushers, total: pushers.length };
  },
});

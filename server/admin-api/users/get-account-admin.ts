import { endpoint } from '../../http/endpoint.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';

export const getAccountAdmin = endpoint({
  operation: 'adminGetAccountAdmin',
  routes: ['GET /_synapse/admin/v1/users/{userId}/admin'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofUser,
  handle: async ({ path }, ports: LocalPorts) => ({
    admin: (await localAccount(ports, path.userId)).admin,
  }),
});

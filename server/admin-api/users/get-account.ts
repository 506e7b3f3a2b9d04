import { endpoint } from '../../http/endpoint.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';
import { toldWhole } from './told-account.ts';

export const getAccount = endpoint({
  operation: 'adminGetAccount',
  routes: ['GET /_synapse/admin/v2/users/{userId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofUser,
  handle: async ({ path }, ports: LocalPorts) => toldWhole(await localAccount(ports, path.userId)),
});

import { endpoint } from '../../http/endpoint.ts';
import { ofUser } from './local-user.ts';
import { type WholePorts, wholeAccount } from './whole-account.ts';

export const getAccount = endpoint({
  operation: 'adminGetAccount',
  routes: ['GET /_synapse/admin/v2/users/{userId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofUser,
  handle: ({ path }, ports: WholePorts) => wholeAccount(ports, path.userId),
});

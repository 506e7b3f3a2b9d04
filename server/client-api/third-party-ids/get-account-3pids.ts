import { endpoint } from '../../http/endpoint.ts';

export const getAccount3PIDs = endpoint({
  operation: 'getAccount3PIDs',
  routes: ['GET /_matrix/client/v3/account/3pid'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle() {
    return { threepids: [] };
  },
});

import { endpoint } from '../../http/endpoint.ts';

export const getLoginFlows = endpoint({
  operation: 'getLoginFlows',
  routes: ['GET /_matrix/client/v3/login', 'GET /_matrix/client/r0/login'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  servedBy: 'any',
  handle: async () => ({
    flows: [{ type: 'm.login.password' }, { type: 'm.login.token', get_login_token: true }],
  }),
});

import type { AppServices } from '../../app-services/app-services.ts';
import { endpoint } from '../../http/endpoint.ts';
import { BY_SERVICE } from '../app-services/by-service.ts';

export const getLoginFlows = endpoint({
  operation: 'getLoginFlows',
  routes: ['GET /_matrix/client/v3/login', 'GET /_matrix/client/r0/login'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  servedBy: 'any',
  handle: async (_call, { appServices }: { appServices: Pick<AppServices, 'hasAny'> }) => ({
    flows: [
      { type: 'm.login.password' },
      { type: 'm.login.token', get_login_token: true },
      ...(appServices.hasAny ? [{ type: BY_SERVICE }] : []),
    ],
  }),
});

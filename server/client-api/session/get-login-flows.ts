import type { AppServices } from '../../app-services/app-services.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { SignIn } from '../../sign-in/sign-in.ts';
import { BY_SERVICE } from '../app-services/by-service.ts';

interface LoginFlowPorts {
  readonly appServices: Pick<AppServices, 'hasAny'>;
  readonly signIn: Pick<SignIn, 'providers'>;
}

export const getLoginFlows = endpoint({
  operation: 'getLoginFlows',
  routes: ['GET /_matrix/client/v3/login', 'GET /_matrix/client/r0/login'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  servedBy: 'any',
  handle: async (_call, { appServices, signIn }: LoginFlowPorts) => ({
    flows: [
      { type: 'm.login.password' },
      ...(signIn.providers.length > 0
        ? [{ type: 'm.login.sso', identity_providers: signIn.providers.map(told) }]
        : []),
      { type: 'm.login.token', get_login_token: true },
      ...(appServices.hasAny ? [{ type: BY_SERVICE }] : []),
    ],
  }),
});

const told = ({ id, name, icon, brand }: SignIn['providers'][number]) => ({
  ...{ id, name },
  ...(icon !== undefined && { icon }),
  ...(brand !== undefined && { brand }),
});

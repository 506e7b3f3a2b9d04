import { z } from 'zod';
import type { LoginTokens } from '../../accounts/login-tokens.ts';
import { endpoint } from '../../http/endpoint.ts';

export const generateLoginToken = endpoint({
  operation: 'generateLoginToken',
  routes: ['POST /_matrix/client/v1/login/get_token'],
  auth: 'user',
  rateLimit: 'login',
  idempotency: 'request',
  body: { json: z.object({}), mayBeEmpty: true },
  uia: async () => [['m.login.password']],
  handle: ({ caller, once }, { loginTokens }: { loginTokens: Pick<LoginTokens, 'create'> }) =>
    loginTokens.create(caller, once),
});

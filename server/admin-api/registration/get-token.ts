import { z } from 'zod';
import type { RegistrationTokens } from '../../accounts/registration-tokens.ts';
import { endpoint } from '../../http/endpoint.ts';
import { noSuchToken, tokenText } from './token-fields.ts';
import { toldToken } from './told-token.ts';

export const getToken = endpoint({
  operation: 'adminGetRegistrationToken',
  routes: ['GET /_synapse/admin/v1/registration_tokens/{token}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ token: tokenText }),
  async handle(
    { path },
    { registrationTokens }: { registrationTokens: Pick<RegistrationTokens, 'get'> },
  ) {
    const token = await registrationTokens.get(path.token);
    if (!token) throw noSuchToken();
    return toldToken(token);
  },
});

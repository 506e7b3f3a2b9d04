import { z } from 'zod';
import type { OpenIdTokens } from '../../accounts/open-id-tokens.ts';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { forbidden } from '../../http/matrix-error.ts';

export const requestOpenIdToken = endpoint({
  operation: 'requestOpenIdToken',
  routes: ['POST /_matrix/client/v3/user/{userId}/openid/request_token'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId }),
  body: { json: z.object({}), mayBeEmpty: true },
  async handle({ caller, path }, { openIdTokens }: { openIdTokens: Pick<OpenIdTokens, 'create'> }) {
    if (path.userId !== caller.userId) throw forbidden('Tokens are for yourself only');
    return openIdTokens.create(caller.userId);
  },
});

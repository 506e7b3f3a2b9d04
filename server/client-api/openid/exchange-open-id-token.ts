import { z } from 'zod';
import type { OpenIdTokens } from '../../accounts/open-id-tokens.ts';
import { endpoint } from '../../http/endpoint.ts';

/** Of the server-server API, but asked by services that are no servers: a call's, an integration manager's. */
export const exchangeOpenIdToken = endpoint({
  operation: 'exchangeOpenIdToken',
  routes: ['GET /_matrix/federation/v1/openid/userinfo'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ access_token: z.string().max(1_024) }),
  handle: async ({ query }, { openIdTokens }: { openIdTokens: Pick<OpenIdTokens, 'ownerOf'> }) => ({
    sub: await openIdTokens.ownerOf(query.access_token),
  }),
});

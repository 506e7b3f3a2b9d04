import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { notFound } from '../../http/matrix-error.ts';
import { clientAddress } from './client-address.ts';
import { choicePage, type SignInPorts, sendAway } from './sign-in-pages.ts';

export const leavingQuery = z.object({
  redirectUrl: clientAddress,
  action: z.enum(['login', 'register']).optional(),
});

export const redirectToSSO = endpoint({
  operation: 'redirectToSSO',
  routes: [
    'GET /_matrix/client/v3/login/sso/redirect',
    'GET /_matrix/client/r0/login/sso/redirect',
  ],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  query: leavingQuery,
  async handle({ query }, ports: SignInPorts) {
    const { signIn } = ports;
    const [only, ...others] = signIn.providers;
    if (!only) throw notFound('Nobody signs in to this server by another one');
    if (others.length > 0)
      return choicePage(
        signIn.providers,
        `${new URLSearchParams(query as Record<string, string>)}`,
      );
    const { redirectUrl, action } = query;
    const { location, cookie } = await signIn.leave(
      only.id,
      { kind: 'login', redirectUrl },
      action,
    );
    return sendAway(location, cookie, ports);
  },
});

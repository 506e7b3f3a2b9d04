import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import { leavingQuery } from './redirect-to-sso.ts';
import { type SignInPorts, sendAway } from './sign-in-pages.ts';

export const redirectToIdP = endpoint({
  operation: 'redirectToIdP',
  routes: [
    'GET /_matrix/client/v3/login/sso/redirect/{idpId}',
    'GET /_matrix/client/r0/login/sso/redirect/{idpId}',
  ],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ idpId: name }),
  query: leavingQuery,
  async handle({ path, query }, ports: SignInPorts) {
    const { redirectUrl, action } = query;
    const goal = { kind: 'login', redirectUrl } as const;
    const { location, cookie } = await ports.signIn.leave(path.idpId, goal, action);
    return sendAway(location, cookie, ports);
  },
});

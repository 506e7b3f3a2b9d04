import { z } from 'zod';
import type { Sessions } from '../../accounts/sessions.ts';
import { endpoint } from '../../http/endpoint.ts';

export const refresh = endpoint({
  operation: 'refresh',
  routes: ['POST /_matrix/client/v3/refresh'],
  auth: 'nobody',
  rateLimit: 'login',
  idempotency: 'request',
  body: { json: z.object({ refresh_token: z.string().max(1_024) }) },
  handle: ({ body, once }, { sessions }: { sessions: Pick<Sessions, 'refresh'> }) =>
    sessions.refresh(body.refresh_token, once),
});

import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { NOT_UNBOUND } from './not-unbound.ts';

export const unbind3pidFromAccount = endpoint({
  operation: 'unbind3pidFromAccount',
  routes: ['POST /_matrix/client/v3/account/3pid/unbind'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  body: { json: z.object({ medium: z.string(), address: z.string() }) },
  async handle() {
    return NOT_UNBOUND;
  },
});

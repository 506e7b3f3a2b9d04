import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { notValidated } from './no-third-party-ids.ts';

export const add3PID = endpoint({
  operation: 'add3PID',
  routes: ['POST /_matrix/client/v3/account/3pid/add'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  body: { json: z.object({ client_secret: z.string(), sid: z.string() }) },
  async handle() {
    throw notValidated();
  },
});

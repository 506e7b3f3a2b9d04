import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { notValidated } from './no-third-party-ids.ts';

export const post3PIDs = endpoint({
  operation: 'post3PIDs',
  routes: ['POST /_matrix/client/v3/account/3pid'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  body: {
    json: z.object({ three_pid_creds: z.object({ client_secret: z.string(), sid: z.string() }) }),
  },
  async handle() {
    throw notValidated();
  },
});

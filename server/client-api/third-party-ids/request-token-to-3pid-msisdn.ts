import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { mediumNotSupported } from './no-third-party-ids.ts';

export const requestTokenTo3PIDMSISDN = endpoint({
  operation: 'requestTokenTo3PIDMSISDN',
  routes: ['POST /_matrix/client/v3/account/3pid/msisdn/requestToken'],
  auth: 'nobody',
  rateLimit: 'registration',
  idempotency: 'natural',
  body: {
    json: z.object({
      client_secret: z.string(),
      send_attempt: z.number(),
      country: z.string(),
      phone_number: z.string(),
    }),
  },
  async handle() {
    throw mediumNotSupported();
  },
});

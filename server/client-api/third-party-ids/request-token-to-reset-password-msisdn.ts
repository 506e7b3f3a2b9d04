import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { mediumNotSupported } from './no-third-party-ids.ts';

export const requestTokenToResetPasswordMSISDN = endpoint({
  operation: 'requestTokenToResetPasswordMSISDN',
  routes: ['POST /_matrix/client/v3/account/password/msisdn/requestToken'],
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

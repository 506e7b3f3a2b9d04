import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { mediumNotSupported } from './no-third-party-ids.ts';

export const requestTokenToResetPasswordEmail = endpoint({
  operation: 'requestTokenToResetPasswordEmail',
  routes: ['POST /_matrix/client/v3/account/password/email/requestToken'],
  auth: 'nobody',
  rateLimit: 'registration',
  idempotency: 'natural',
  body: {
    json: z.object({ client_secret: z.string(), send_attempt: z.number(), email: z.string() }),
  },
  async handle() {
    throw mediumNotSupported();
  },
});

import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { sendsNone } from './request-email-token.ts';

/** A request for a text message with a token, by which a number would be validated: we send none. */
export const refusesMsisdnToken = (operation: string, at: string) =>
  endpoint({
    operation,
    routes: [`POST /_matrix/client/v3/${at}/msisdn/requestToken`],
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
      throw sendsNone();
    },
  });

import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { MatrixError } from '../../http/matrix-error.ts';

/** A request for a message with a token, by which an address would be validated: we send none. */
export const refusesEmailToken = (operation: string, at: string) =>
  refusesToken(operation, `${at}/email`, { email: z.string() });

export const refusesMsisdnToken = (operation: string, at: string) =>
  refusesToken(operation, `${at}/msisdn`, { country: z.string(), phone_number: z.string() });

const refusesToken = (operation: string, at: string, address: Record<string, z.ZodString>) =>
  endpoint({
    operation,
    routes: [`POST /_matrix/client/v3/${at}/requestToken`],
    auth: 'nobody',
    rateLimit: 'registration',
    idempotency: 'natural',
    body: { json: z.object({ client_secret: z.string(), send_attempt: z.number(), ...address }) },
    async handle() {
      throw new MatrixError(
        400,
        'M_THREEPID_MEDIUM_NOT_SUPPORTED',
        'This server sends no e-mails and no text messages',
      );
    },
  });

import { z } from 'zod';
import { parseEmailAddress } from '../../accounts/email-address.ts';
import type { EmailValidations, ValidationAsked } from '../../accounts/email-validations.ts';
import { endpoint } from '../../http/endpoint.ts';
import { forbidden, invalidParam, MatrixError } from '../../http/matrix-error.ts';
import type { RegistrationMode } from '../account/register.ts';
import { clientSecret } from './credentials.ts';

/** A request for an e-mail with a link, by which it is found out whose address it is. */
export const requestsEmailToken = (
  operation: string,
  at: string,
  purpose: ValidationAsked['purpose'],
) =>
  endpoint({
    operation,
    routes: [`POST /_matrix/client/v3/${at}/email/requestToken`],
    auth: 'nobody',
    rateLimit: 'mail',
    idempotency: 'natural',
    body: {
      json: z.object({
        client_secret: clientSecret,
        send_attempt: z.int(),
        email: z.string(),
        next_link: z.string().max(2_048).optional(),
      }),
    },
    async handle({ body }, { emailValidations, registration }: EmailTokenPorts) {
      if (!emailValidations.isOn) throw sendsNone();
      if (purpose === 'register' && registration === 'closed')
        throw forbidden('Registration is closed');
      const address = parseEmailAddress(body.email);
      if (!address.ok) throw invalidParam(address.reason);
      const { client_secret, send_attempt: sendAttempt, next_link: nextLink } = body;
      const asked = { purpose, address: address.value, clientSecret: client_secret };
      return { sid: await emailValidations.begin({ ...asked, sendAttempt, nextLink }) };
    },
  });

interface EmailTokenPorts {
  readonly emailValidations: Pick<EmailValidations, 'isOn' | 'begin'>;
  readonly registration: RegistrationMode;
}

export const sendsNone = () =>
  new MatrixError(
    400,
    'M_THREEPID_MEDIUM_NOT_SUPPORTED',
    'This server sends no e-mails, or no text messages',
  );

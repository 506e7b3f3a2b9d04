import { z } from 'zod';
import type { RegistrationTokens } from '../../accounts/registration-tokens.ts';
import { endpoint } from '../../http/endpoint.ts';
import { forbidden } from '../../http/matrix-error.ts';
import type { RegistrationPorts } from './register.ts';

interface Ports extends RegistrationPorts {
  readonly registrationTokens: Pick<RegistrationTokens, 'isValid'>;
}

export const registrationTokenValidity = endpoint({
  operation: 'registrationTokenValidity',
  routes: ['GET /_matrix/client/v1/register/m.login.registration_token/validity'],
  auth: 'nobody',
  rateLimit: 'registration',
  idempotency: 'natural',
  query: z.object({ token: z.string().max(1_024) }),
  async handle({ query }, { registration, registrationTokens }: Ports) {
    if (registration === 'closed') throw forbidden('Registration is closed');
    return { valid: await registrationTokens.isValid(query.token) };
  },
});

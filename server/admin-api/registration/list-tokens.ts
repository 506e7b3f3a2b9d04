import { z } from 'zod';
import type { RegistrationTokens } from '../../accounts/registration-tokens.ts';
import { endpoint } from '../../http/endpoint.ts';
import { trueOrFalse } from '../../http/fields.ts';
import { toldToken } from './told-token.ts';

interface Ports {
  readonly registrationTokens: Pick<RegistrationTokens, 'list' | 'mayBeUsed'>;
}

export const listTokens = endpoint({
  operation: 'adminListRegistrationTokens',
  routes: ['GET /_synapse/admin/v1/registration_tokens'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ valid: trueOrFalse.optional() }),
  async handle({ query: { valid } }, { registrationTokens }: Ports) {
    const all = await registrationTokens.list();
    const isWanted = (token: (typeof all)[number]) =>
      valid === undefined || registrationTokens.mayBeUsed(token) === valid;
    return { registration_tokens: all.filter(isWanted).map(toldToken) };
  },
});

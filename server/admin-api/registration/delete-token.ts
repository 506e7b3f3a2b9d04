import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import type { RegistrationTokens } from '../../accounts/registration-tokens.ts';
import { endpoint } from '../../http/endpoint.ts';
import { namedToken, noSuchToken, tokenText } from './token-fields.ts';

interface Ports {
  readonly registrationTokens: Pick<RegistrationTokens, 'get' | 'delete'>;
  readonly audit: Pick<Audit, 'note'>;
}

export const deleteToken = endpoint({
  operation: 'adminDeleteRegistrationToken',
  routes: ['DELETE /_synapse/admin/v1/registration_tokens/{token}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ token: tokenText }),
  async handle({ caller, path, once }, { audit, registrationTokens }: Ports) {
    if (!(await registrationTokens.get(path.token))) throw noSuchToken();
    const order = {
      by: caller.userId,
      action: 'adminDeleteRegistrationToken',
      target: namedToken(path.token),
    };
    await audit.note({ ...order, detail: {} });
    const outcome = once.outcome(200, {});
    if (!(await registrationTokens.delete(path.token, outcome))) throw noSuchToken();
    return {};
  },
});

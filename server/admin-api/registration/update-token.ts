import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import type { RegistrationTokens } from '../../accounts/registration-tokens.ts';
import { endpoint } from '../../http/endpoint.ts';
import { expiryTime, namedToken, noSuchToken, tokenText, usesAllowed } from './token-fields.ts';
import { toldToken } from './told-token.ts';

interface Ports {
  readonly registrationTokens: Pick<RegistrationTokens, 'get' | 'change'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** What is not named stays; null takes a limit away. */
export const updateToken = endpoint({
  operation: 'adminUpdateRegistrationToken',
  routes: ['PUT /_synapse/admin/v1/registration_tokens/{token}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ token: tokenText }),
  body: { json: z.object({ uses_allowed: usesAllowed, expiry_time: expiryTime }) },
  async handle({ caller, path, body }, { audit, registrationTokens }: Ports) {
    const { uses_allowed, expiry_time } = body;
    if (!(await registrationTokens.get(path.token))) throw noSuchToken();
    const order = {
      by: caller.userId,
      action: 'adminUpdateRegistrationToken',
      target: namedToken(path.token),
    };
    await audit.note({ ...order, detail: body });
    const token = await registrationTokens.change(path.token, (before) => ({
      ...before,
      ...(uses_allowed !== undefined && { usesAllowed: uses_allowed }),
      ...(expiry_time !== undefined && { expiresMs: expiry_time }),
    }));
    if (!token) throw noSuchToken();
    return toldToken(token);
  },
});

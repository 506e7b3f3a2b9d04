import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import type { RegistrationTokens } from '../../accounts/registration-tokens.ts';
import { endpoint } from '../../http/endpoint.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import { expiryTime, tokenText, usesAllowed } from './token-fields.ts';
import { toldToken } from './told-token.ts';

interface Ports {
  readonly registrationTokens: Pick<RegistrationTokens, 'create' | 'get'>;
  readonly audit: Pick<Audit, 'note'>;
}

export const createToken = endpoint({
  operation: 'adminCreateRegistrationToken',
  routes: ['POST /_synapse/admin/v1/registration_tokens/new'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  body: {
    json: z.object({
      token: tokenText.optional(),
      length: z.int().min(1).max(64).default(20),
      uses_allowed: usesAllowed,
      expiry_time: expiryTime,
    }),
    mayBeEmpty: true,
  },
  async handle({ caller, body, once }, { audit, registrationTokens }: Ports) {
    if (body.token !== undefined && (await registrationTokens.get(body.token)))
      throw invalidParam(`The token ${body.token} is there already`);
    const order = { by: caller.userId, action: 'adminCreateRegistrationToken', target: '' };
    await audit.note({ ...order, detail: { ...body, token: null } });
    const wish = { token: body.token, length: body.length };
    const limits = { usesAllowed: body.uses_allowed, expiresMs: body.expiry_time };
    const token = await registrationTokens.create({ ...wish, ...limits }, (made) =>
      once.outcome(200, toldToken(made), { secret: true }),
    );
    return toldToken(token);
  },
});

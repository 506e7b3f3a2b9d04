import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Audit } from '../../accounts/audit.ts';
import type { Registrations } from '../../accounts/registrations.ts';
import type { SharedSecret } from '../../accounts/shared-secret.ts';
import { endpoint } from '../../http/endpoint.ts';
import { forbidden, invalidParam } from '../../http/matrix-error.ts';
import { alsoTelling } from '../../log/outcomes.ts';
import { serverNameOf } from '../../protocol/identifiers.ts';
import { notEnabled } from './not-enabled.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'availableUserId'>;
  readonly registrations: Pick<Registrations, 'register'>;
  readonly sharedSecret: Pick<SharedSecret, 'isConfigured' | 'isNonce' | 'proves'>;
  readonly audit: Pick<Audit, 'note'>;
}

const text = z.string().max(1_024);

export const registerBySecret = endpoint({
  operation: 'adminRegister',
  routes: ['POST /_synapse/admin/v1/register'],
  auth: 'nobody',
  rateLimit: 'registration',
  idempotency: 'request',
  body: {
    json: z.object({
      nonce: text,
      username: z.string().min(1).max(255),
      password: z.string().min(1).max(4_096),
      mac: text,
      admin: z.boolean().default(false),
      user_type: text.nullable().optional(),
      displayname: z.string().max(256).optional(),
      inhibit_login: z.boolean().default(false),
    }),
  },
  async handle({ body, once }, { accounts, registrations, audit, sharedSecret }: Ports) {
    const { nonce, username, password, mac, admin, displayname } = body;
    if (!sharedSecret.isConfigured) throw notEnabled();
    if (!sharedSecret.isNonce(nonce)) throw invalidParam('The nonce is unknown or too old');
    const userType = body.user_type ?? undefined;
    if (!sharedSecret.proves({ nonce, username, password, admin, userType, mac }))
      throw forbidden('HMAC incorrect');
    const userId = await accounts.availableUserId(username);
    const order = { by: 'shared secret', action: 'adminRegister', target: userId };
    await audit.note({ ...order, detail: { admin } });
    const session = body.inhibit_login ? undefined : { refreshable: false };
    const wish = { userId, password, admin, session, displayName: displayname };
    const home = { home_server: serverNameOf(userId) };
    const register = { ...wish, registrationToken: undefined };
    return { ...(await registrations.register(register, alsoTelling(once, home))), ...home };
  },
});

import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { EmailValidations } from '../../accounts/email-validations.ts';
import type { Registrations } from '../../accounts/registrations.ts';
import type { ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import { endpoint } from '../../http/endpoint.ts';
import { forbidden, MatrixError, missingParam } from '../../http/matrix-error.ts';
import type { Once } from '../../log/outcomes.ts';
import type { AppService } from '../../protocol/app-service.ts';
import type { UiaFlows } from '../../protocol/interactive-auth.ts';
import type { Terms } from '../../protocol/terms.ts';
import { BY_SERVICE, serviceIn } from '../app-services/by-service.ts';
import { sessionFields, sessionWish } from '../session/session-fields.ts';

/** Who may make an account: everybody, whoever has a token, or nobody. */
export type RegistrationMode = 'open' | 'token' | 'closed';

export interface RegistrationPorts {
  readonly registration: RegistrationMode;
  /** Whether people may come without an account. */
  readonly guests: boolean;
  /** To which people agree who make an account. */
  readonly terms: Terms | undefined;
}

interface Ports extends RegistrationPorts {
  readonly accounts: Pick<Accounts, 'availableUserId' | 'chanceUserId'>;
  readonly registrations: Pick<Registrations, 'register' | 'registerGuest' | 'registerOfService'>;
  readonly emailValidations: Pick<EmailValidations, 'isOn' | 'isRequired'>;
  readonly thirdPartyIds: Pick<ThirdPartyIds, 'register'>;
}

const FIRST = { open: 'm.login.dummy', token: 'm.login.registration_token' } as const;

/** People may give an address, or must where the operator says so; a flow of each is how clients know. */
function flowsOf(mode: keyof typeof FIRST, { terms, emailValidations }: Ports): UiaFlows {
  const last = terms ? (['m.login.terms'] as const) : [];
  const first = mode === 'token' ? [FIRST.token] : [];
  const without = [[FIRST[mode], ...last]];
  if (!emailValidations.isOn) return without;
  const withEmail = [[...first, 'm.login.email.identity' as const, ...last]];
  return emailValidations.isRequired ? withEmail : [...without, ...withEmail];
}

export const register = endpoint({
  operation: 'register',
  routes: ['POST /_matrix/client/v3/register', 'POST /_matrix/client/r0/register'],
  auth: 'anybody',
  rateLimit: 'registration',
  idempotency: 'request',
  query: z.object({ kind: z.enum(['user', 'guest']).default('user') }),
  body: {
    json: z.object({
      username: z.string().max(255).optional(),
      password: z.string().min(1).max(4_096).optional(),
      inhibit_login: z.boolean().optional(),
      type: z.string().max(255).optional(),
      ...sessionFields,
    }),
    mayBeEmpty: true,
  },

  /** A name that cannot be had is told before people go through the stages. */
  async uia({ caller, body, query }, ports: Ports) {
    if (body.type === BY_SERVICE) return void serviceIn(caller);
    if (query.kind === 'guest') {
      if (ports.guests) return undefined;
      throw new MatrixError(403, 'M_GUEST_ACCESS_FORBIDDEN', 'There are no guests here');
    }
    if (ports.registration === 'closed') throw forbidden('Registration is closed');
    if (body.username !== undefined) await ports.accounts.availableUserId(body.username);
    return flowsOf(ports.registration, ports);
  },

  async handle({ caller, query, body, proof, once }, ports: Ports) {
    const { accounts, registrations, thirdPartyIds } = ports;
    if (body.type === BY_SERVICE) return ofService(serviceIn(caller), body, { ...ports, once });
    if (query.kind === 'guest') return registrations.registerGuest(guestSession(body), once);
    if (body.password === undefined) throw missingParam('password is missing');
    const userId = await (body.username === undefined
      ? accounts.chanceUserId()
      : accounts.availableUserId(body.username));
    const session = body.inhibit_login ? undefined : sessionWish(body);
    const { registrationToken, emailSid } = proof;
    const wish = { userId, password: body.password, session, registrationToken };
    if (emailSid === undefined) return registrations.register(wish, once);
    return thirdPartyIds.register(emailSid, userId, (besides) =>
      registrations.register({ ...wish, besides }, once),
    );
  },
});

/** It needs no password, and no stages: its token is proof enough. */
async function ofService(
  service: AppService,
  body: Parameters<typeof sessionWish>[0] & {
    username?: string | undefined;
    inhibit_login?: boolean | undefined;
  },
  { accounts, registrations, once }: Pick<Ports, 'accounts' | 'registrations'> & { once: Once },
) {
  if (body.username === undefined) throw missingParam('username is missing');
  const userId = await accounts.availableUserId(body.username, service);
  const session = body.inhibit_login ? undefined : sessionWish(body);
  return registrations.registerOfService({ userId, session }, once);
}

/** The name of a guest's device is the server's to give. */
const guestSession = (body: Parameters<typeof sessionWish>[0]) => ({
  ...sessionWish(body),
  deviceId: undefined,
});

import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { LoginTokens } from '../../accounts/login-tokens.ts';
import type { Logins } from '../../accounts/logins.ts';
import type { PasswordLogins } from '../../accounts/password-logins.ts';
import type { PasswordTries } from '../../accounts/password-tries.ts';
import { WrongPassword } from '../../accounts/passwords.ts';
import type { ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import { endpoint } from '../../http/endpoint.ts';
import {
  badJson,
  forbidden,
  MatrixError,
  missingParam,
  refuseWhoMustWait,
} from '../../http/matrix-error.ts';
import { subscriberOf } from '../../http/rate-limits.ts';
import type { Once } from '../../log/outcomes.ts';
import type { AppService } from '../../protocol/app-service.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { BY_SERVICE, serviceIn } from '../app-services/by-service.ts';
import { sessionFields, sessionWish } from './session-fields.ts';

export interface LoginPorts {
  readonly passwordLogins: Pick<PasswordLogins, 'logIn'>;
  readonly accounts: Pick<Accounts, 'localUserId' | 'exactUserId'>;
  readonly logins: Pick<Logins, 'logInOfService'>;
  readonly loginTokens: Pick<LoginTokens, 'logIn'>;
  readonly thirdPartyIds: Pick<ThirdPartyIds, 'holderOf'>;
  readonly passwordTries: Pick<PasswordTries, 'take' | 'failed'>;
}

const body = z.object({
  type: z.string(),
  identifier: z.looseObject({ type: z.string() }).optional(),
  user: z.string().optional(),
  password: z.string().optional(),
  token: z.string().max(1_024).optional(),
  ...sessionFields,
});
type Body = z.output<typeof body>;

export const login = endpoint({
  operation: 'login',
  routes: ['POST /_matrix/client/v3/login', 'POST /_matrix/client/r0/login'],
  auth: 'anybody',
  rateLimit: 'login',
  idempotency: 'request',
  body: { json: body },

  async handle({ caller, body, once, request }, ports: LoginPorts) {
    switch (body.type) {
      case 'm.login.password':
        return byPassword(body, { once, address: subscriberOf(request.address) }, ports);
      case 'm.login.token':
        if (body.token === undefined) throw missingParam('token is missing');
        return ports.loginTokens.logIn(body.token, sessionWish(body), once);
      case BY_SERVICE:
        return byService(serviceIn(caller), { body, once }, ports);
      default:
        throw new MatrixError(400, 'M_UNKNOWN', `Unknown login type ${body.type}`);
    }
  },
});

async function byPassword(
  body: Body,
  { once, address }: { once: Once; address: string },
  ports: LoginPorts,
) {
  const { passwordLogins, passwordTries } = ports;
  if (body.password === undefined) throw missingParam('password is missing');
  const userId = await whoIsMeant(body, ports);
  // By account too: whoever guesses a password has many addresses. The address's try is taken by now.
  refuseWhoMustWait(passwordTries.take([userId]));
  const wish = { userId, password: body.password, session: sessionWish(body) };
  try {
    return await passwordLogins.logIn(wish, once);
  } catch (error) {
    if (error instanceof WrongPassword) await passwordTries.failed([userId, address]);
    throw error;
  }
}

/** Somebody who cannot be where nobody has the address: their password is compared, too, so that the time tells nothing. */
async function whoIsMeant(body: Body, { accounts, thirdPartyIds }: LoginPorts): Promise<UserId> {
  const { identifier } = body;
  if (identifier?.type === 'm.id.thirdparty') {
    const { medium, address } = identifier;
    if (typeof medium !== 'string' || typeof address !== 'string')
      throw badJson('identifier.medium and identifier.address must be strings');
    const holder = await thirdPartyIds.holderOf(medium, address);
    return holder ?? nobodyAt(address);
  }
  const userId = accounts.localUserId(nameIn(body));
  if (userId === undefined) throw forbidden('Wrong user name or password');
  return userId;
}

/** No id of anybody, since a space is in it. */
const nobodyAt = (address: string) =>
  `@ ${address.slice(0, ADDRESS_MAX).replaceAll(/[^!-~]/g, '?')}:` as UserId;

const ADDRESS_MAX = 254;

function byService(
  service: AppService,
  { body, once }: { body: Body; once: Once },
  { accounts, logins }: LoginPorts,
) {
  const userId = accounts.exactUserId(nameIn(body));
  if (userId === undefined) throw forbidden('The user is none of this server');
  return logins.logInOfService(service, { userId, session: sessionWish(body) }, once);
}

function nameIn(body: Body): string {
  const { identifier } = body;
  if (identifier && identifier.type !== 'm.id.user')
    throw forbidden(`Nobody here is known by ${identifier.type}`);
  const name = identifier ? identifier.user : body.user;
  if (typeof name !== 'string') throw badJson('identifier.user must be a string');
  return name;
}

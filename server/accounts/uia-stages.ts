import type { UserId } from '../protocol/identifiers.ts';
import type { Proof, UiaStage } from '../protocol/interactive-auth.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { badJson, forbidden, refuseWhoMustWait } from '../protocol/matrix-error.ts';
import type { ValidationPurpose } from '../storage/accounts/validations.ts';
import type { ValidationCredentials } from './email-validations.ts';
import type { PasswordTries } from './password-tries.ts';

export interface StagePorts {
  readonly hasPassword: (userId: UserId, password: string) => Promise<boolean>;
  readonly localUserId: (text: string) => UserId | undefined;
  readonly isValidRegistrationToken: (token: string) => Promise<boolean>;
  /** Whether an address was validated for what is asked for, by a client that knows its secret. */
  readonly isValidated: (purpose: ValidationPurpose, by: ValidationCredentials) => Promise<boolean>;
  readonly passwordTries: Pick<PasswordTries, 'take' | 'failed'>;
}

/** Who goes through a stage. */
export interface Tried {
  /** Whose request it is; undefined before they have an account. */
  readonly userId: UserId | undefined;
  /** As far as limits tell one from another. */
  readonly address: string;
  /** What they ask for. */
  readonly operation: string;
}

/** What the stage proved, or why it did not. */
type Stage = (auth: JsonObject, tried: Tried, ports: StagePorts) => Promise<Proof | string>;

export const STAGES: Readonly<Record<UiaStage, Stage>> = {
  'm.login.dummy': async () => ({}),

  /** The provider is asked by a browser, on the page of this stage. */
  'm.login.sso': async () => 'Go through this in a browser',

  /** To go through it is to agree. */
  'm.login.terms': async () => ({}),

  async 'm.login.registration_token'({ token }, _tried, ports) {
    if (typeof token !== 'string') throw badJson('auth.token must be a string');
    if (await ports.isValidRegistrationToken(token)) return { registrationToken: token };
    return 'The registration token is not valid';
  },

  async 'm.login.email.identity'({ threepid_creds: creds }, { operation }, ports) {
    const purpose = PURPOSES[operation];
    const { sid, client_secret: clientSecret } = isObject(creds) ? creds : {};
    if (!purpose || typeof sid !== 'string' || typeof clientSecret !== 'string')
      return 'Your app has to say which address it has asked for';
    if (await ports.isValidated(purpose, { sid, clientSecret })) return { emailSid: sid };
    return 'The address has not been confirmed';
  },

  async 'm.login.password'(auth, tried, ports) {
    if (typeof auth.password !== 'string') throw badJson('auth.password must be a string');
    const userId = ports.localUserId(nameIn(auth) ?? tried.userId ?? '');
    // Nothing that is tried next would do, so it is no 401, and nobody's password is looked at.
    if (userId === undefined || userId !== tried.userId)
      throw forbidden('The password must be that of the same user');
    const who = [userId, tried.address];
    refuseWhoMustWait(ports.passwordTries.take(who));
    if (await ports.hasPassword(userId, auth.password)) return {};
    await ports.passwordTries.failed(who);
    return 'Wrong password';
  },
};

/** An address that was validated for one is good for no other. */
const PURPOSES: Readonly<Record<string, ValidationPurpose>> = {
  register: 'register',
  changePassword: 'reset',
};

/** `user` is what clients of before `identifier` send. */
function nameIn({ identifier, user }: JsonObject): string | undefined {
  const named = identifier as JsonObject | undefined;
  const name = named?.type === 'm.id.user' ? named.user : user;
  return typeof name === 'string' ? name : undefined;
}

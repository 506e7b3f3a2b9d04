import type { UserId } from '../protocol/identifiers.ts';
import type { Proof, UiaStage } from '../protocol/interactive-auth.ts';
import type { JsonObject } from '../protocol/json.ts';
import { badJson, limitExceeded } from '../protocol/matrix-error.ts';
import type { PasswordTries } from './password-tries.ts';

export interface StagePorts {
  readonly hasPassword: (userId: UserId, password: string) => Promise<boolean>;
  readonly localUserId: (text: string) => UserId | undefined;
  readonly isValidRegistrationToken: (token: string) => Promise<boolean>;
  readonly passwordTries: Pick<PasswordTries, 'take' | 'failed'>;
}

/** Who goes through a stage. */
export interface Tried {
  /** Whose request it is; undefined before they have an account. */
  readonly userId: UserId | undefined;
  /** As far as limits tell one from another. */
  readonly address: string;
}

/** What the stage proved, or why it did not. */
type Stage = (auth: JsonObject, tried: Tried, ports: StagePorts) => Promise<Proof | string>;

export const STAGES: Readonly<Record<UiaStage, Stage>> = {
  'm.login.dummy': async () => ({}),

  /** To go through it is to agree. */
  'm.login.terms': async () => ({}),

  async 'm.login.registration_token'({ token }, _tried, ports) {
    if (typeof token !== 'string') throw badJson('auth.token must be a string');
    if (await ports.isValidRegistrationToken(token)) return { registrationToken: token };
    return 'The registration token is not valid';
  },

  async 'm.login.password'(auth, tried, ports) {
    if (typeof auth.password !== 'string') throw badJson('auth.password must be a string');
    const userId = ports.localUserId(nameIn(auth) ?? tried.userId ?? '');
    if (userId === undefined || userId !== tried.userId)
      return 'The password must be that of the same user';
    const who = [userId, tried.address];
    const waitMs = ports.passwordTries.take(who);
    if (waitMs > 0) throw limitExceeded(waitMs);
    if (await ports.hasPassword(userId, auth.password)) return {};
    await ports.passwordTries.failed(who);
    return 'Wrong password';
  },
};

/** `user` is what clients of before `identifier` send. */
function nameIn({ identifier, user }: JsonObject): string | undefined {
  const named = identifier as JsonObject | undefined;
  const name = named?.type === 'm.id.user' ? named.user : user;
  return typeof name === 'string' ? name : undefined;
}

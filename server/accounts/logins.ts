import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { AppService } from '../protocol/app-service.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { forbidden } from '../protocol/matrix-error.ts';
import { type Account, accountRow } from '../storage/accounts/accounts.ts';
import type { Row } from '../storage/write.ts';
import type { Accounts } from './accounts.ts';
import { type Passwords, userDeactivated, WRONG_PASSWORD, WrongPassword } from './passwords.ts';
import type { Sessions, SessionWish } from './sessions.ts';

export interface Login {
  readonly userId: UserId;
  readonly password: string;
  readonly session: SessionWish;
}

interface LoginParts {
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
}

/** New sessions of those who have an account. */
export class Logins {
  readonly #stored: Stored;
  readonly #parts: LoginParts;

  constructor(stored: Stored, parts: LoginParts) {
    this.#stored = stored;
    this.#parts = parts;
  }

  async logIn(login: Login, once: Once): Promise<JsonObject> {
    const { userId, password } = login;
    const checked = await this.#parts.passwords.checked(userId, password);
    const renewed = await this.#parts.passwords.renewedHash(checked, password);
    return this.#stored.locks.run(lockOf(userId), async () => {
      // Hashing takes long enough for the password to be changed, or the account to be closed.
      const now = await this.#parts.accounts.get(userId);
      if (!now || now.passwordHash !== checked.passwordHash) throw forbidden(WRONG_PASSWORD);
      const more = renewed === undefined ? [] : [accountRow({ ...now, passwordHash: renewed })];
      return this.#begin({ account: now, session: login.session, more }, once);
    });
  }

  /** A session of one of its users, whom it vouches for. */
  async logInOfService(
    by: AppService,
    { userId, session }: Pick<Login, 'userId' | 'session'>,
    once: Once,
  ): Promise<JsonObject> {
    this.#parts.accounts.refuseKept(userId, by);
    return this.#stored.locks.run(lockOf(userId), async () => {
      const account = await this.#parts.accounts.get(userId);
      if (!account) throw forbidden('There is no such account');
      if (account.deactivatedMs !== null) throw userDeactivated();
      return this.#begin({ account, session, more: [] }, once);
    });
  }

  /** Whom the directory has just vouched for. */
  logInOfDirectory(
    { userId, session }: Pick<Login, 'userId' | 'session'>,
    once: Once,
  ): Promise<JsonObject> {
    return this.#stored.locks.run(lockOf(userId), async () => {
      const account = await this.#parts.accounts.get(userId);
      if (account?.deactivatedMs != null) throw userDeactivated();
      if (!account?.inDirectory) throw new WrongPassword();
      return this.#begin({ account, session, more: [] }, once);
    });
  }

  /** A session, with what is to be written besides. */
  async #begin(
    { account, session, more }: { account: Account; session: SessionWish; more: readonly Row[] },
    once: Once,
  ): Promise<JsonObject> {
    const prepared = await this.#parts.sessions.prepare(account, session);
    return this.#stored.log.commit((position) => {
      const { rows, records, answer } = prepared(position);
      const outcome = once.outcome(200, answer, { secret: true });
      const change = { rows: [...more, ...rows], records, outcome, touches: [] };
      return { change, value: answer };
    });
  }
}

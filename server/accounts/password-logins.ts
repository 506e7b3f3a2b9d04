import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import { localpartOf, newUserId, type UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import type { Account } from '../storage/accounts/accounts.ts';
import { thirdPartyId, thirdPartyIdRow } from '../storage/accounts/third-party-ids.ts';
import type { Row } from '../storage/write.ts';
import type { Accounts } from './accounts.ts';
import type { Directory, DirectoryPerson } from './directory.ts';
import { type EmailAddress, parseEmailAddress } from './email-address.ts';
import { addressLockOf } from './email-validations.ts';
import type { Login, Logins } from './logins.ts';
import { type Passwords, WrongPassword } from './passwords.ts';
import type { Registrations } from './registrations.ts';

export interface PasswordLoginParts {
  readonly accounts: Accounts;
  readonly logins: Logins;
  readonly passwords: Pick<Passwords, 'isOf'>;
  readonly registrations: Pick<Registrations, 'registerOfDirectory'>;
}

/** Logins by a password: most are known here, those of people in the operator's directory there. */
export class PasswordLogins {
  readonly #parts: PasswordLoginParts;
  readonly #stored: Stored;
  readonly #directory: Directory | undefined;

  constructor(parts: PasswordLoginParts, stored: Stored, directory: Directory | undefined) {
    this.#parts = parts;
    this.#stored = stored;
    this.#directory = directory;
  }

  /** The first one of somebody in the directory makes their account. */
  async logIn(login: Login, once: Once): Promise<JsonObject> {
    const { userId, password, session } = login;
    const account = await this.#parts.accounts.get(userId);
    const directory = this.#asked(userId, account);
    if (!directory) return this.#parts.logins.logIn(login, once);
    const person = await directory.authenticate(localpartOf(userId), password);
    if (!person) throw new WrongPassword();
    const known = { userId, session };
    if (account) return this.#parts.logins.logInOfDirectory(known, once);
    try {
      return await this.#begin(known, person, once);
    } catch (error) {
      // Two first logins at once: the other has made it.
      if (!(error instanceof MatrixError) || error.errcode !== 'M_USER_IN_USE') throw error;
      return this.#parts.logins.logInOfDirectory(known, once);
    }
  }

  async hasPassword(userId: UserId, password: string): Promise<boolean> {
    const account = await this.#parts.accounts.get(userId);
    if (!account?.inDirectory) return this.#parts.passwords.isOf(userId, password);
    const directory = this.#asked(userId, account);
    return (await directory?.authenticate(localpartOf(userId), password)) !== undefined;
  }

  /** Whether their password can be changed here. */
  async mayChange(userId: UserId): Promise<boolean> {
    if (!this.#directory) return true;
    return !(await this.#parts.accounts.get(userId))?.inDirectory;
  }

  /** Not for accounts that were made here, whoever is called so there; nor of whom none is let in any more. */
  #asked(userId: UserId, account: Account | undefined): Directory | undefined {
    if (account) {
      const isOfIt = account.inDirectory && account.deactivatedMs === null;
      return isOfIt ? this.#directory : undefined;
    }
    const isName = newUserId(localpartOf(userId), this.#parts.accounts.serverName).ok;
    return isName ? this.#directory : undefined;
  }

  /** With the address that the directory has of them, unless somebody is known by it already. */
  #begin(
    known: Pick<Login, 'userId' | 'session'>,
    { displayName, mail }: DirectoryPerson,
    once: Once,
  ): Promise<JsonObject> {
    const address = mail === undefined ? undefined : parseEmailAddress(mail);
    const begin = (besides: readonly Row[]) =>
      this.#parts.registrations.registerOfDirectory({ ...known, displayName, besides }, once);
    if (!address?.ok) return begin([]);
    return this.#stored.locks.run(addressLockOf(address.value), async () =>
      begin(await this.#boundTo(known.userId, address.value)),
    );
  }

  async #boundTo(userId: UserId, address: EmailAddress): Promise<Row[]> {
    const id = { medium: 'email', address } as const;
    if (await thirdPartyId(this.#stored.database, id)) return [];
    const nowMs = this.#stored.now();
    return [thirdPartyIdRow({ ...id, userId, validatedMs: nowMs, addedMs: nowMs })];
  }
}

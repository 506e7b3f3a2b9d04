import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { forbidden, MatrixError } from '../protocol/matrix-error.ts';
import type { Account } from '../storage/accounts/accounts.ts';
import { thirdPartyIdsOf } from '../storage/accounts/third-party-ids.ts';
import type { Row } from '../storage/write.ts';
import type { Accounts } from './accounts.ts';
import { changeAccount } from './change-account.ts';
import type { Devices } from './devices.ts';
import type { EmailAddress } from './email-address.ts';
import {
  hashPassword,
  isOutdated,
  isPassword,
  isWhollyCompared,
  PASSWORD_COST,
  type PasswordCost,
} from './password-hash.ts';
import type { Post } from './post.ts';

export interface PasswordParts {
  readonly accounts: Accounts;
  readonly devices: Devices;
  /** Undefined where no e-mails are sent. */
  readonly post?: Post | undefined;
}

export const WRONG_PASSWORD = 'Wrong user name or password';

export class WrongPassword extends MatrixError {
  constructor() {
    super(403, 'M_FORBIDDEN', WRONG_PASSWORD);
  }
}

export const userDeactivated = () =>
  new MatrixError(403, 'M_USER_DEACTIVATED', 'This account has been deactivated');

/** Of the accounts whose passwords are kept here. */
export class Passwords {
  readonly #stored: Stored;
  readonly #parts: PasswordParts;
  readonly #cost: PasswordCost;
  /** Compared with where there is no account, so that the time to answer does not tell. */
  #nobodysHash: Promise<string> | undefined;

  constructor(stored: Stored, parts: PasswordParts, cost: PasswordCost = PASSWORD_COST) {
    this.#stored = stored;
    this.#parts = parts;
    this.#cost = cost;
  }

  hash(password: string): Promise<string> {
    return hashPassword(password, this.#cost);
  }

  async isOf(userId: UserId, password: string): Promise<boolean> {
    return this.#isPasswordOf(await this.#parts.accounts.get(userId), password);
  }

  /** The account with the very hash that the password was compared with. */
  async checked(userId: UserId, password: string): Promise<Account> {
    const account = await this.#parts.accounts.get(userId);
    const matches = await this.#isPasswordOf(account, password);
    if (account?.deactivatedMs != null) throw userDeactivated();
    if (!account || !matches) throw new WrongPassword();
    return account;
  }

  /** Of an earlier release, or an earlier cost: only now is the password at hand. */
  async renewedHash({ passwordHash }: Account, password: string): Promise<string | undefined> {
    if (passwordHash === null || !isOutdated(passwordHash, this.#cost)) return undefined;
    if (!isWhollyCompared(password, passwordHash)) return undefined;
    return this.hash(password);
  }

  /** With `logoutDevices` all devices but the caller's go. */
  async change(
    change: {
      userId: UserId;
      /** The caller's; undefined for an administrator's, who has none of the user's. */
      deviceId: string | undefined;
      password: string;
      logoutDevices: boolean;
      /** What is committed along with it. */
      besides?: readonly Row[];
    },
    once: Once,
  ): Promise<void> {
    const { userId, deviceId, password, logoutDevices, besides = [] } = change;
    if ((await this.#parts.accounts.get(userId))?.inDirectory) throw passwordIsElsewhere();
    const passwordHash = await this.hash(password);
    const { devices } = this.#parts;
    await changeAccount(this.#stored, userId, once, {
      edit: (account) => ({ ...account, passwordHash }),
      ...(logoutDevices && {
        endDevices: (commit) => devices.deleteAllBut(userId, deviceId, commit),
      }),
      besides: [...besides, ...(await this.#newsOfPassword(userId))],
      body: {},
    });
    this.#parts.post?.wake();
  }

  /** Whoever has found a way to change it shall not do so unseen. */
  async #newsOfPassword(userId: UserId): Promise<Row[]> {
    const post = this.#parts.post;
    if (!post) return [];
    const known = await thirdPartyIdsOf(this.#stored.database, userId);
    return known.map(({ address }) =>
      post.row(address as EmailAddress, { kind: 'password-changed', userId }),
    );
  }

  async #isPasswordOf(account: Account | undefined, password: string): Promise<boolean> {
    const known = account?.passwordHash ?? null;
    this.#nobodysHash ??= this.hash('');
    const matches = await isPassword(password, known ?? (await this.#nobodysHash));
    return matches && known !== null;
  }
}

const passwordIsElsewhere = () =>
  forbidden('The password is that of the directory of this server: change it there');

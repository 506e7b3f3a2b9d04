import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import {
  type AccountPage,
  countOfAccounts,
  type ListedAccount,
  listedAccount,
  listedAccounts,
} from '../storage/accounts/account-list.ts';

export {
  ACCOUNT_ORDERS,
  type AccountPage,
  type ListedAccount,
} from '../storage/accounts/account-list.ts';

/** The accounts of this server, for administrators. */
export class AccountList {
  readonly #stored: Pick<Stored, 'database'>;

  constructor(stored: Pick<Stored, 'database'>) {
    this.#stored = stored;
  }

  async page(
    page: AccountPage,
  ): Promise<{ readonly accounts: readonly ListedAccount[]; readonly total: number }> {
    const { database } = this.#stored;
    const [accounts, total] = await Promise.all([
      listedAccounts(database, page),
      countOfAccounts(database, page),
    ]);
    return { accounts, total };
  }

  of(userId: UserId): Promise<ListedAccount | undefined> {
    return listedAccount(this.#stored.database, userId);
  }
}

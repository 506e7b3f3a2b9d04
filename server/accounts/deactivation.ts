import { notKept, type Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { type Account, accountOf } from '../storage/accounts/accounts.ts';
import { thirdPartyIdsGoneRow } from '../storage/accounts/third-party-ids.ts';
import { keyBackupsGoneRows } from '../storage/encryption/key-backups.ts';
import { accountDataLockOf } from './account-data.ts';
import { changeAccount } from './change-account.ts';
import type { Devices } from './devices.ts';

/** The end of an account. */
export class Deactivation {
  readonly #stored: Stored;
  readonly #devices: Devices;

  constructor(stored: Stored, devices: Devices) {
    this.#stored = stored;
    this.#devices = devices;
  }

  /**
   * Before anything of the account goes an administrator is none any more, or is refused as the last one: of two who close
   * their accounts at once the one who is refused has lost nothing. Where the end does not come, whoever asks again goes on.
   */
  async noMoreAdministrator(userId: UserId): Promise<void> {
    const account = await accountOf(this.#stored.database, userId);
    if (!account?.admin) return;
    const edit = (each: Account) => ({ ...each, admin: false });
    await changeAccount(this.#stored, userId, notKept, { edit, body: {} });
  }

  /** The name is never given out again. With `erase` nothing stays that the user kept with us or told of themselves. */
  async deactivate(
    { userId, erase }: { userId: UserId; erase: boolean },
    once: Once,
    body: JsonObject,
  ): Promise<void> {
    const deactivatedMs = this.#stored.now();
    const end = () =>
      changeAccount(this.#stored, userId, once, {
        edit: (account) => ({ ...account, passwordHash: null, deactivatedMs }),
        endDevices: (commit) => this.#devices.deleteAllBut(userId, undefined, commit),
        besides: [...keyBackupsGoneRows(userId), thirdPartyIdsGoneRow(userId)],
        erases: erase,
        body,
      });
    // What is put at the same moment comes before: nothing is put behind it, since all tokens end.
    await this.#stored.locks.run(accountDataLockOf(userId), end);
  }
}

import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { thirdPartyIdsGoneRow } from '../storage/accounts/third-party-ids.ts';
import { keyBackupsGoneRows } from '../storage/encryption/key-backups.ts';
import { accountDataLockOf } from './account-data.ts';
import { refuseTheLast } from './administrators.ts';
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

  /** Before anything of the account goes. */
  refuseTheLast(userId: UserId): Promise<void> {
    return refuseTheLast(this.#stored, userId);
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

import { commitRows } from '../../log/commit-rows.ts';
import type { Once } from '../../log/outcomes.ts';
import { lockOf, type Stored } from '../../log/stored.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { forbidden, invalidParam, notFound, tooLarge } from '../../protocol/matrix-error.ts';
import {
  type KeyBackup,
  keyBackupGoneRow,
  keyBackupRow,
  keyBackupsOf,
} from '../../storage/encryption/key-backups.ts';
import type { Row } from '../../storage/write.ts';
import { takeAwayKeys } from './take-away-keys.ts';

export interface BackupWish {
  readonly algorithm: string;
  readonly authData: JsonObject;
}

/** People begin a new one when they have lost the key of the old one, and clients delete that one then. */
const BACKUPS_MAX = 20;
const AUTH_DATA_LENGTH_MAX = 65_536;

/** The backups of room keys that users have, by version; their keys are with `BackedUpKeys`. */
export class KeyBackups {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async create(userId: UserId, wish: BackupWish, once: Once): Promise<JsonObject> {
    const { algorithm } = wish;
    const authData = checkedAuthData(wish.authData);
    return this.#stored.locks.run(lockOf(userId), async () => {
      const all = await keyBackupsOf(this.#stored.database, userId);
      // One whose keys are still being taken away counts, too.
      const gone = all.filter((backup) => backup.deleted && backup.count === 0);
      if (all.length - gone.length >= BACKUPS_MAX)
        throw forbidden(`There are ${BACKUPS_MAX} backups: delete some first`);
      const version = (all.at(-1)?.version ?? 0) + 1;
      const nothing = { etag: 0, count: 0, bytes: 0, deleted: false };
      const made = { userId, version, algorithm, authData, ...nothing };
      const body = { version: String(version) };
      const rows = [...gone.map(keyBackupGoneRow), keyBackupRow(made)];
      await commitRows(this.#stored.log, rows, once.outcome(200, body));
      return body;
    });
  }

  async latest(userId: UserId): Promise<JsonObject> {
    const backup = currentAmong(await keyBackupsOf(this.#stored.database, userId));
    if (!backup) throw notFound('No current backup version');
    return told(backup);
  }

  async get(userId: UserId, version: string): Promise<JsonObject> {
    return told(versionAmong(await keyBackupsOf(this.#stored.database, userId), version));
  }

  /** Only `authData` can change. */
  async update(userId: UserId, version: string, wish: BackupWish): Promise<void> {
    const authData = checkedAuthData(wish.authData);
    await this.#stored.locks.run(lockOf(userId), async () => {
      const all = await keyBackupsOf(this.#stored.database, userId);
      const backup = versionAmong(all, version);
      if (backup.algorithm !== wish.algorithm) throw invalidParam('Algorithm does not match');
      await this.#commit(keyBackupRow({ ...backup, authData }));
    });
  }

  /** Succeeds for one that was deleted before, and goes on where that was cut off. */
  async delete(userId: UserId, version: string): Promise<void> {
    const number = versionNumber(version);
    const left = await this.#stored.locks.run(lockOf(userId), async () => {
      const all = await keyBackupsOf(this.#stored.database, userId);
      const newest = all.at(-1)?.version ?? 0;
      if (number === undefined || number > newest) throw unknownVersion();
      const backup = all.find((each) => each.version === number);
      if (backup && !backup.deleted)
        await this.#commit(keyBackupRow({ ...backup, authData: '{}', deleted: true }));
      return backup;
    });
    if (left) await takeAwayKeys(this.#stored, left, undefined);
  }

  /** Of a user who leaves: what is large goes before, in pieces, so that the end of the account is small. */
  async deleteAll(userId: UserId): Promise<void> {
    for (const { version } of await keyBackupsOf(this.#stored.database, userId))
      await this.delete(userId, String(version));
  }

  #commit(row: Row): Promise<void> {
    return commitRows(this.#stored.log, [row]);
  }
}

/** The newest that is not deleted: the only one to which keys are added. */
export const currentAmong = (all: readonly KeyBackup[]): KeyBackup | undefined =>
  all.findLast((backup) => !backup.deleted);

export function versionAmong(all: readonly KeyBackup[], version: string): KeyBackup {
  const number = versionNumber(version);
  const backup = all.find((each) => each.version === number && !each.deleted);
  if (!backup) throw unknownVersion();
  return backup;
}

export const unknownVersion = () => notFound('Unknown backup version');

const versionNumber = (version: string): number | undefined =>
  /^[1-9]\d{0,14}$/.test(version) ? Number(version) : undefined;

const told = ({ version, algorithm, authData, etag, count }: KeyBackup): JsonObject => ({
  ...{ version: String(version), algorithm, count, etag: String(etag) },
  auth_data: JSON.parse(authData) as JsonObject,
});

function checkedAuthData(authData: JsonObject): string {
  const json = JSON.stringify(authData);
  if (json.length > AUTH_DATA_LENGTH_MAX)
    throw tooLarge(`auth_data has at most ${AUTH_DATA_LENGTH_MAX} characters`);
  return json;
}

import { rowsAlone } from '../../log/change.ts';
import { lockOf, type Stored } from '../../log/stored.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError, notFound, tooLarge } from '../../protocol/matrix-error.ts';
import {
  type BackedUpKey,
  backedUpKey,
  backedUpKeyRow,
  type KeptKey,
  keptKeys,
  keysBehind,
  type SessionName,
} from '../../storage/encryption/key-backup-keys.ts';
import {
  type KeyBackup,
  keyBackupRow,
  keyBackupsOf,
} from '../../storage/encryption/key-backups.ts';
import { isBetter } from './better-key.ts';
import { currentAmong, unknownVersion, versionAmong } from './key-backups.ts';
import { keysText, keyText } from './key-text.ts';
import { takeAway, takeAwayKeys } from './take-away-keys.ts';

export type { BackedUpKey } from '../../storage/encryption/key-backup-keys.ts';

/** All of a user's backups together: room keys of ten years of much talk are a hundred thousand, of 1 kB each. */
const KEYS_MAX = 200_000;
const BYTES_MAX = 268_435_456;
/** Clients bring 100 or 200. */
const KEYS_AT_ONCE_MAX = 2_000;
const SESSION_DATA_LENGTH_MAX = 32_768;
const PAGE = 250;

/** The keys in backups. What clients keep in them we cannot read. */
export class BackedUpKeys {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  /** Into the current backup, where they are better than what is there. Resolves with the body of the answer. */
  async put(userId: UserId, version: string, offered: readonly BackedUpKey[]): Promise<JsonObject> {
    refuseTooMuch(offered);
    return this.#stored.locks.run(lockOf(userId), async () => {
      const all = await keyBackupsOf(this.#stored.database, userId);
      const backup = currentVersion(all, version);
      const kept = await keptKeys(this.#stored.database, backup, offered);
      const better = betterThan(kept, offered);
      if (better.keys.length === 0) return told(backup);
      const after = grownBy(all, backup, better);
      return this.#stored.log.commit(() => {
        const rows = [
          ...better.keys.map((key) => backedUpKeyRow(backup, key)),
          keyBackupRow(after),
        ];
        return { change: rowsAlone(rows), value: told(after) };
      });
    });
  }

  /** JSON, as it came. */
  async get(userId: UserId, version: string, session: SessionName): Promise<string> {
    const key = await backedUpKey(this.#stored.database, await this.#of(userId, version), session);
    if (!key) throw notFound('Key not found');
    return keyText(key);
  }

  /** JSON in pieces, since it may be much: the keys of one room, or of all. */
  async all(userId: UserId, version: string, roomId?: RoomId): Promise<AsyncIterable<string>> {
    const backup = await this.#of(userId, version);
    return keysText(roomId, (last) =>
      keysBehind(this.#stored.database, backup, { roomId, last, limit: PAGE }),
    );
  }

  async delete(userId: UserId, version: string, session: SessionName): Promise<JsonObject> {
    return this.#stored.locks.run(lockOf(userId), async () => {
      const backup = await this.#of(userId, version);
      const keys = await keptKeys(this.#stored.database, backup, [session]);
      return told(await takeAway(this.#stored, backup, keys));
    });
  }

  async deleteAll(userId: UserId, version: string, roomId?: RoomId): Promise<JsonObject> {
    const backup = await this.#of(userId, version);
    const after = await takeAwayKeys(this.#stored, backup, roomId);
    if (!after) throw unknownVersion();
    return told(after);
  }

  async #of(userId: UserId, version: string): Promise<KeyBackup> {
    return versionAmong(await keyBackupsOf(this.#stored.database, userId), version);
  }
}

const told = ({ etag, count }: KeyBackup): JsonObject => ({ etag: String(etag), count });

function currentVersion(all: readonly KeyBackup[], version: string): KeyBackup {
  const current = currentAmong(all);
  if (!current) throw unknownVersion();
  if (String(current.version) === version) return current;
  throw new MatrixError(403, 'M_WRONG_ROOM_KEYS_VERSION', 'Wrong backup version', {
    fields: { current_version: String(current.version) },
  });
}

interface Better {
  readonly keys: readonly BackedUpKey[];
  readonly count: number;
  readonly bytes: number;
}

/** What is put, and by how much the backup grows. */
function betterThan(kept: readonly KeptKey[], offered: readonly BackedUpKey[]): Better {
  const there = new Map(kept.map((key) => [nameOf(key), key]));
  let [count, bytes] = [0, 0];
  const keys = offered.filter((key) => {
    const before = there.get(nameOf(key));
    if (before && !isBetter(key, before)) return false;
    count += before ? 0 : 1;
    bytes += Buffer.byteLength(key.sessionData) - (before?.bytes ?? 0);
    return true;
  });
  return { keys, count, bytes };
}

const nameOf = ({ roomId, sessionId }: SessionName) => `${roomId}\0${sessionId}`;

function grownBy(all: readonly KeyBackup[], backup: KeyBackup, { count, bytes }: Better) {
  const sum = (of: 'count' | 'bytes') => all.reduce((total, each) => total + each[of], 0);
  if (sum('count') + count > KEYS_MAX || sum('bytes') + bytes > BYTES_MAX)
    throw tooLarge(`All backups of a user have at most ${KEYS_MAX} keys and ${BYTES_MAX} bytes`);
  const { etag } = backup;
  return { ...backup, etag: etag + 1, count: backup.count + count, bytes: backup.bytes + bytes };
}

function refuseTooMuch(offered: readonly BackedUpKey[]) {
  if (offered.length > KEYS_AT_ONCE_MAX)
    throw tooLarge(`There are ${offered.length} keys: send ${KEYS_AT_ONCE_MAX} at most at once`);
  if (offered.some(({ sessionData }) => sessionData.length > SESSION_DATA_LENGTH_MAX))
    throw tooLarge(`session_data has at most ${SESSION_DATA_LENGTH_MAX} characters`);
}

import { rowsAlone } from '../../log/change.ts';
import { lockOf, type Stored } from '../../log/stored.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import {
  backedUpKeyGoneRow,
  type KeptKey,
  type KeyBackupName,
  someKeptKeys,
} from '../../storage/encryption/key-backup-keys.ts';
import {
  type KeyBackup,
  keyBackupRow,
  keyBackupsOf,
} from '../../storage/encryption/key-backups.ts';

/** Others' commits wait behind each piece. */
const AT_ONCE = 1_000;

/**
 * Of one room, or all there are. Each piece leaves the backup true of itself, so whoever was cut off
 * begins again. Undefined if the backup is not there.
 */
export async function takeAwayKeys(
  stored: Stored,
  name: KeyBackupName,
  roomId: RoomId | undefined,
): Promise<KeyBackup | undefined> {
  for (;;) {
    const { backup, isLast } = await stored.locks.run(lockOf(name.userId), async () => {
      const all = await keyBackupsOf(stored.database, name.userId);
      const backup = all.find(({ version }) => version === name.version);
      const keys = await someKeptKeys(stored.database, name, { roomId, limit: AT_ONCE });
      const after = backup && (await takeAway(stored, backup, keys));
      return { backup: after, isLast: keys.length < AT_ONCE };
    });
    if (!backup || isLast) return backup;
  }
}

/** With the user's lock held: the backup as it is then. */
export async function takeAway(
  stored: Stored,
  backup: KeyBackup,
  keys: readonly KeptKey[],
): Promise<KeyBackup> {
  if (keys.length === 0) return backup;
  const after = {
    ...backup,
    etag: backup.etag + 1,
    count: backup.count - keys.length,
    bytes: backup.bytes - keys.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  return stored.log.commit(() => {
    const rows = [...keys.map((key) => backedUpKeyGoneRow(backup, key)), keyBackupRow(after)];
    return { change: rowsAlone(rows), value: after };
  });
}

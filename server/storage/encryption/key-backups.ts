import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface KeyBackup {
  readonly userId: UserId;
  readonly version: number;
  readonly algorithm: string;
  /** JSON. */
  readonly authData: string;
  readonly etag: number;
  /** Of its keys. */
  readonly count: number;
  readonly bytes: number;
  readonly deleted: boolean;
}

/** In the order in which they were made. */
export const keyBackupsOf = (database: Database, userId: UserId) =>
  database.query<KeyBackup>(
    'key_backups_of',
    `SELECT user_id AS "userId", version, algorithm, auth_data AS "authData", etag, count, bytes,
       deleted
     FROM key_backup WHERE user_id = $1 ORDER BY version`,
    [userId],
  );

export const keyBackupRow = (backup: KeyBackup): Row => ({
  write: PUT_KEY_BACKUP,
  values: [
    ...[backup.userId, backup.version, backup.algorithm, backup.authData],
    ...[backup.etag, backup.count, backup.bytes, backup.deleted],
  ],
});

export const keyBackupGoneRow = ({
  userId,
  version,
}: Pick<KeyBackup, 'userId' | 'version'>): Row => ({
  write: DELETE_KEY_BACKUP,
  values: [userId, version],
});

/** Of an account that was closed: all backups, with their keys. */
export const keyBackupsGoneRows = (userId: UserId): Row[] => [
  { write: DELETE_KEY_BACKUPS, values: [userId] },
  { write: DELETE_KEYS_OF_USER, values: [userId] },
];

const byVersion: NonNullable<Write['key']> = ([userId, version]) => `${userId}\0${version}`;

const PUT_KEY_BACKUP: Write = {
  name: 'put_key_backup',
  table: 'key_backup',
  sql: `INSERT INTO key_backup (user_id, version, algorithm, auth_data, etag, count, bytes, deleted)
    SELECT * FROM unnest($1::text[], $2::int8[], $3::text[], $4::text[], $5::int8[], $6::int8[],
      $7::int8[], $8::bool[])
    ON CONFLICT (user_id, version) DO UPDATE SET auth_data = excluded.auth_data,
      etag = excluded.etag, count = excluded.count, bytes = excluded.bytes,
      deleted = excluded.deleted`,
  types: ['text', 'int8', 'text', 'text', 'int8', 'int8', 'int8', 'bool'],
  key: byVersion,
};

const DELETE_KEY_BACKUP: Write = {
  name: 'delete_key_backup',
  table: 'key_backup',
  sql: `DELETE FROM key_backup USING unnest($1::text[], $2::int8[]) AS gone (user_id, version)
    WHERE key_backup.user_id = gone.user_id AND key_backup.version = gone.version`,
  types: ['text', 'int8'],
  key: byVersion,
};

const DELETE_KEY_BACKUPS: Write = {
  name: 'delete_key_backups_of',
  table: 'key_backup (all of a user)',
  sql: 'DELETE FROM key_backup WHERE user_id = ANY ($1::text[])',
  types: ['text'],
};

const DELETE_KEYS_OF_USER: Write = {
  name: 'delete_key_backup_keys_of',
  table: 'key_backup_key (all of a user)',
  sql: 'DELETE FROM key_backup_key WHERE user_id = ANY ($1::text[])',
  types: ['text'],
};

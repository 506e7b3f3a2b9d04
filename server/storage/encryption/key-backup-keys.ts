import type { RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import type { KeyBackup } from './key-backups.ts';

export type KeyBackupName = Pick<KeyBackup, 'userId' | 'version'>;

/** What a key is called within its backup. */
export interface SessionName {
  readonly roomId: RoomId;
  readonly sessionId: string;
}

export interface BackedUpKey extends SessionName {
  readonly firstMessageIndex: number;
  readonly forwardedCount: number;
  readonly isVerified: boolean;
  /** JSON. */
  readonly sessionData: string;
}

/** Of a key that is there: by how much it fills the backup, rather than with what. */
export type KeptKey = Omit<BackedUpKey, 'sessionData'> & { readonly bytes: number };

const NAME = 'room_id AS "roomId", session_id AS "sessionId"';
const QUALITY = `first_message_index AS "firstMessageIndex", forwarded_count AS "forwardedCount",
  is_verified AS "isVerified"`;

const SELECT_WITH_DATA = `SELECT ${NAME}, ${QUALITY}, session_data AS "sessionData"
  FROM key_backup_key WHERE user_id = $1 AND version = $2`;
const KEPT = `${NAME}, ${QUALITY}, octet_length(session_data) AS bytes`;
const SELECT_KEPT = `SELECT ${KEPT} FROM key_backup_key WHERE user_id = $1 AND version = $2`;

/** Those of the named keys that are there. */
export const keptKeys = (
  database: Database,
  { userId, version }: KeyBackupName,
  names: readonly SessionName[],
) =>
  database.query<KeptKey>(
    'key_backup_kept_keys',
    `SELECT ${KEPT} FROM unnest($3::text[], $4::text[]) AS wanted (room_id, session_id)
     JOIN key_backup_key USING (room_id, session_id)
     WHERE user_id = $1 AND version = $2`,
    [userId, version, names.map((each) => each.roomId), names.map((each) => each.sessionId)],
  );

export async function backedUpKey(
  database: Database,
  { userId, version }: KeyBackupName,
  { roomId, sessionId }: SessionName,
): Promise<BackedUpKey | undefined> {
  const rows = await database.query<BackedUpKey>(
    'key_backup_key',
    `${SELECT_WITH_DATA} AND room_id = $3 AND session_id = $4`,
    [userId, version, roomId, sessionId],
  );
  return rows[0];
}

/** The next keys in the order of their names: of one room, or of all. */
export const keysBehind = (
  database: Database,
  name: KeyBackupName,
  { roomId, last, limit }: KeyPage,
): Promise<readonly BackedUpKey[]> =>
  roomId === undefined
    ? database.query(
        'key_backup_keys',
        `${SELECT_WITH_DATA} AND (room_id, session_id) > ($3, $4)
         ORDER BY room_id, session_id LIMIT $5`,
        [name.userId, name.version, last?.roomId ?? '', last?.sessionId ?? '', limit],
      )
    : database.query(
        'key_backup_keys_of_room',
        `${SELECT_WITH_DATA} AND room_id = $3 AND session_id > $4 ORDER BY session_id LIMIT $5`,
        [name.userId, name.version, roomId, last?.sessionId ?? '', limit],
      );

export interface KeyPage {
  /** Of all rooms unless told. */
  readonly roomId: RoomId | undefined;
  /** The last of the page before. */
  readonly last: SessionName | undefined;
  readonly limit: number;
}

/** Any keys: of one room, or of all. */
export const someKeptKeys = (
  database: Database,
  { userId, version }: KeyBackupName,
  { roomId, limit }: Omit<KeyPage, 'last'>,
): Promise<readonly KeptKey[]> =>
  roomId === undefined
    ? database.query('key_backup_some_keys', `${SELECT_KEPT} LIMIT $3`, [userId, version, limit])
    : database.query('key_backup_some_keys_of_room', `${SELECT_KEPT} AND room_id = $3 LIMIT $4`, [
        ...[userId, version, roomId, limit],
      ]);

export const backedUpKeyRow = ({ userId, version }: KeyBackupName, key: BackedUpKey): Row => ({
  write: PUT_KEY,
  values: [
    ...[userId, version, key.roomId, key.sessionId],
    ...[key.firstMessageIndex, key.forwardedCount, key.isVerified, key.sessionData],
  ],
});

export const backedUpKeyGoneRow = (
  { userId, version }: KeyBackupName,
  { roomId, sessionId }: SessionName,
): Row => ({ write: DELETE_KEY, values: [userId, version, roomId, sessionId] });

const bySession: NonNullable<Write['key']> = ([userId, version, roomId, sessionId]) =>
  `${userId}\0${version}\0${roomId}\0${sessionId}`;

const PUT_KEY: Write = {
  name: 'put_key_backup_key',
  table: 'key_backup_key',
  sql: `INSERT INTO key_backup_key (user_id, version, room_id, session_id, first_message_index,
      forwarded_count, is_verified, session_data)
    SELECT * FROM unnest($1::text[], $2::int8[], $3::text[], $4::text[], $5::int8[], $6::int8[],
      $7::bool[], $8::text[])
    ON CONFLICT (user_id, version, room_id, session_id) DO UPDATE SET
      first_message_index = excluded.first_message_index,
      forwarded_count = excluded.forwarded_count, is_verified = excluded.is_verified,
      session_data = excluded.session_data`,
  types: ['text', 'int8', 'text', 'text', 'int8', 'int8', 'bool', 'text'],
  key: bySession,
};

const DELETE_KEY: Write = {
  name: 'delete_key_backup_key',
  table: 'key_backup_key',
  sql: `DELETE FROM key_backup_key AS kept
    USING unnest($1::text[], $2::int8[], $3::text[], $4::text[])
      AS gone (user_id, version, room_id, session_id)
    WHERE kept.user_id = gone.user_id AND kept.version = gone.version
      AND kept.room_id = gone.room_id AND kept.session_id = gone.session_id`,
  types: ['text', 'int8', 'text', 'text'],
  key: bySession,
};

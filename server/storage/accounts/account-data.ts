import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** `content` is JSON. `roomId` is null for what belongs to no room. */
export interface AccountDatum {
  readonly roomId: RoomId | null;
  readonly type: string;
  readonly content: string;
  readonly position: number;
}

const SELECT = `SELECT nullif(room_id, '') AS "roomId", type, content, position FROM account_data`;

export async function accountDatum(
  database: Database,
  userId: UserId,
  roomId: RoomId | null,
  type: string,
): Promise<AccountDatum | undefined> {
  const rows = await database.query<AccountDatum>(
    'account_datum',
    `${SELECT} WHERE user_id = $1 AND room_id = $2 AND type = $3`,
    [userId, roomId ?? '', type],
  );
  return rows[0];
}

export const accountDataOfRoom = (database: Database, userId: UserId, roomId: RoomId) =>
  database.query<AccountDatum>(
    'account_data_of_room',
    `${SELECT} WHERE user_id = $1 AND room_id = $2 ORDER BY type`,
    [userId, roomId],
  );

export const accountDataOfUsers = (database: Database, userIds: readonly UserId[], type: string) =>
  database.query<{ userId: UserId; content: string }>(
    'account_data_of_users',
    `SELECT user_id AS "userId", content FROM account_data
     WHERE user_id = ANY ($1::text[]) AND room_id = '' AND type = $2`,
    [userIds, type],
  );

/** What changed last in (after, upTo]; all there is with `after: 0`. */
export const accountDataChanged = (
  database: Database,
  userId: UserId,
  { after, upTo }: { after: number; upTo: number },
) =>
  database.query<AccountDatum>(
    'account_data_changed',
    `${SELECT} WHERE user_id = $1 AND position > $2 AND position <= $3 ORDER BY position`,
    [userId, after, upTo],
  );

export const accountDatumRow = (userId: UserId, datum: AccountDatum): Row => ({
  write: PUT_ACCOUNT_DATUM,
  values: [userId, datum.roomId ?? '', datum.type, datum.content, datum.position],
});

/** Of a user who wants to be forgotten. */
export const accountDataGoneRow = (userId: UserId): Row => ({
  write: DELETE_ACCOUNT_DATA,
  values: [userId],
});

const PUT_ACCOUNT_DATUM: Write = {
  name: 'put_account_datum',
  table: 'account_data',
  sql: `INSERT INTO account_data (user_id, room_id, type, content, position)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int8[])
    ON CONFLICT (user_id, room_id, type)
      DO UPDATE SET content = excluded.content, position = excluded.position`,
  types: ['text', 'text', 'text', 'text', 'int8'],
  key: ([userId, roomId, type]) => `${userId}\0${roomId}\0${type}`,
};

const DELETE_ACCOUNT_DATA: Write = {
  name: 'delete_account_data_of',
  table: 'account_data (all of a user)',
  sql: 'DELETE FROM account_data WHERE user_id = ANY ($1::text[])',
  types: ['text'],
};

import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/**
 * Of `userIds`, those whose keys changed last in (after, upTo]; and of all users those whose keys
 * `reader` signed in it, which is for the reader's own devices only.
 */
export async function deviceListsChanged(
  database: Database,
  { reader, userIds }: { reader: UserId; userIds: readonly UserId[] },
  { after, upTo }: { after: number; upTo: number },
): Promise<UserId[]> {
  const rows = await database.query<{ userId: UserId }>(
    'device_lists_changed',
    `SELECT user_id AS "userId" FROM device_list
     WHERE user_id = ANY ($2::text[]) AND position > $3 AND position <= $4
     UNION
     SELECT target_user_id FROM key_signature
     WHERE signer_user_id = $1 AND position > $3 AND position <= $4`,
    [reader, userIds, after, upTo],
  );
  return rows.map((row) => row.userId);
}

export const deviceListRow = (userId: UserId, position: number): Row => ({
  write: PUT_DEVICE_LIST,
  values: [userId, position],
});

const PUT_DEVICE_LIST: Write = {
  name: 'put_device_list',
  table: 'device_list',
  sql: `INSERT INTO device_list (user_id, position) SELECT * FROM unnest($1::text[], $2::int8[])
    ON CONFLICT (user_id) DO UPDATE SET position = excluded.position`,
  types: ['text', 'int8'],
  key: ([userId]) => `${userId}`,
};

import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** When the user's devices or their keys last changed; 0 if they never did. */
export async function deviceListPosition(database: Database, userId: UserId): Promise<number> {
  const rows = await database.query<{ position: number }>(
    'device_list_position',
    'SELECT position FROM device_list WHERE user_id = $1',
    [userId],
  );
  return rows[0]?.position ?? 0;
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

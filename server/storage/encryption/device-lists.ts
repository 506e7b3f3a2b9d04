import type { UserId } from '../../protocol/identifiers.ts';
import type { Row, Write } from '../write.ts';

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

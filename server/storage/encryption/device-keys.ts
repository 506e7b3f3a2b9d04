import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** `json` is as the device signed it. */
export interface DeviceKeysRow {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly json: string;
  /** As its user named it. */
  readonly displayName: string | null;
}

export const deviceKeysOf = (database: Database, userIds: readonly UserId[]) =>
  database.query<DeviceKeysRow>(
    'device_keys_of',
    `SELECT user_id AS "userId", device_id AS "deviceId", keys.json,
       device.display_name AS "displayName"
     FROM device_keys AS keys JOIN device USING (user_id, device_id)
     WHERE user_id = ANY ($1::text[])`,
    [userIds],
  );

/** As the device signed them; undefined where it has uploaded none. */
export async function deviceKeysJson(
  database: Database,
  { userId, deviceId }: Pick<DeviceKeysRow, 'userId' | 'deviceId'>,
): Promise<string | undefined> {
  const [row] = await database.query<{ json: string }>(
    'device_keys_json',
    'SELECT json FROM device_keys WHERE user_id = $1 AND device_id = $2',
    [userId, deviceId],
  );
  return row?.json;
}

export const deviceKeysRow = (userId: UserId, deviceId: string, json: string): Row => ({
  write: PUT_DEVICE_KEYS,
  values: [userId, deviceId, json],
});

export const deviceKeysGoneRow = (userId: UserId, deviceId: string): Row => ({
  write: DELETE_DEVICE_KEYS,
  values: [userId, deviceId],
});

const byDevice: NonNullable<Write['key']> = ([userId, deviceId]) => `${userId}\0${deviceId}`;

const PUT_DEVICE_KEYS: Write = {
  name: 'put_device_keys',
  table: 'device_keys',
  sql: `INSERT INTO device_keys (user_id, device_id, json)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
    ON CONFLICT (user_id, device_id) DO UPDATE SET json = excluded.json`,
  types: ['text', 'text', 'text'],
  key: byDevice,
};

const DELETE_DEVICE_KEYS: Write = {
  name: 'delete_device_keys',
  table: 'device_keys',
  sql: `DELETE FROM device_keys USING unnest($1::text[], $2::text[]) AS gone (user_id, device_id)
    WHERE device_keys.user_id = gone.user_id AND device_keys.device_id = gone.device_id`,
  types: ['text', 'text'],
  key: byDevice,
};

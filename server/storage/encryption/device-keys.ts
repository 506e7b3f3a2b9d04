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

/** Of a device that is there: the keys that it has uploaded. */
export interface KeysBefore {
  readonly json: string | null;
  readonly oneTime: readonly OneTimeKeysBefore[];
}

/** How many keys of an algorithm, and by key id the JSON of those that were asked for. */
export interface OneTimeKeysBefore {
  readonly algorithm: string;
  readonly count: number;
  readonly known: Readonly<Record<string, string>> | null;
}

/** One query: each is a wait and a write to a socket, which is most of what a short one costs. */
export async function keysBefore(
  database: Database,
  { userId, deviceId }: { userId: UserId; deviceId: string },
  keyIds: readonly string[],
): Promise<KeysBefore | undefined> {
  const rows = await database.query<Nullable<OneTimeKeysBefore> & Pick<KeysBefore, 'json'>>(
    'keys_before',
    `SELECT keys.json, counted.*
     FROM device LEFT JOIN device_keys AS keys USING (user_id, device_id)
     LEFT JOIN LATERAL (
       SELECT algorithm, count(*) AS count,
         json_object_agg(key_id, json) FILTER (WHERE key_id = ANY ($3::text[])) AS known
       FROM one_time_key WHERE user_id = $1 AND device_id = $2 GROUP BY algorithm) AS counted ON true
     WHERE user_id = $1 AND device_id = $2`,
    [userId, deviceId, keyIds],
  );
  if (rows.length === 0) return undefined;
  const counted = rows.filter((row): row is KeysBefore & OneTimeKeysBefore => row.count !== null);
  return { json: rows[0]!.json, oneTime: counted };
}

type Nullable<T> = { [K in keyof T]: T[K] | null };

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

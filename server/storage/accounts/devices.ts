import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface Device {
  readonly deviceId: string;
  readonly displayName: string | null;
  readonly createdMs: number;
  readonly lastSeenMs: number | null;
  readonly lastSeenAddress: string | null;
  readonly lastSeenUserAgent: string | null;
}

export const devicesOf = (database: Database, userId: UserId) =>
  database.query<Device>(
    'devices_of',
    `SELECT device_id AS "deviceId", display_name AS "displayName", created_ms AS "createdMs",
       last_seen_ms AS "lastSeenMs", last_seen_address AS "lastSeenAddress",
       last_seen_user_agent AS "lastSeenUserAgent"
     FROM device WHERE user_id = $1 ORDER BY device_id`,
    [userId],
  );

/** The ids of the devices of each of the users. */
export async function deviceIdsOf(
  database: Database,
  userIds: readonly UserId[],
): Promise<readonly { userId: UserId; deviceId: string }[]> {
  return database.query(
    'device_ids_of',
    `SELECT user_id AS "userId", device_id AS "deviceId" FROM device
     WHERE user_id = ANY ($1::text[])`,
    [userIds],
  );
}

export const deviceRow = (device: {
  userId: UserId;
  deviceId: string;
  displayName: string | null;
  createdMs: number;
}): Row => ({
  write: PUT_DEVICE,
  values: [device.userId, device.deviceId, device.displayName, device.createdMs],
});

export const deviceSeenRow = (seen: {
  userId: UserId;
  deviceId: string;
  atMs: number;
  address: string;
  userAgent: string | undefined;
}): Row => ({
  write: PUT_DEVICE_SEEN,
  values: [seen.userId, seen.deviceId, seen.atMs, seen.address, seen.userAgent ?? null],
});

export const deviceGoneRow = (userId: UserId, deviceId: string): Row => ({
  write: DELETE_DEVICE,
  values: [userId, deviceId],
});

const byDevice: NonNullable<Write['key']> = ([userId, deviceId]) => `${userId}\0${deviceId}`;

/** A second login on a device keeps when it was made. */
const PUT_DEVICE: Write = {
  name: 'put_device',
  table: 'device',
  sql: `INSERT INTO device (user_id, device_id, display_name, created_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[])
    ON CONFLICT (user_id, device_id) DO UPDATE SET display_name = excluded.display_name`,
  types: ['text', 'text', 'text', 'int8'],
  key: byDevice,
};

/** An UPDATE: it must not bring back a device that was deleted in the same batch. */
const PUT_DEVICE_SEEN: Write = {
  name: 'put_device_seen',
  table: 'device (last seen)',
  sql: `UPDATE device SET last_seen_ms = seen.at, last_seen_address = seen.address,
      last_seen_user_agent = seen.agent
    FROM unnest($1::text[], $2::text[], $3::int8[], $4::text[], $5::text[])
      AS seen (user_id, device_id, at, address, agent)
    WHERE device.user_id = seen.user_id AND device.device_id = seen.device_id`,
  types: ['text', 'text', 'int8', 'text', 'text'],
  key: byDevice,
};

const DELETE_DEVICE: Write = {
  name: 'delete_device',
  table: 'device',
  sql: `DELETE FROM device USING unnest($1::text[], $2::text[]) AS gone (user_id, device_id)
    WHERE device.user_id = gone.user_id AND device.device_id = gone.device_id`,
  types: ['text', 'text'],
  key: byDevice,
};

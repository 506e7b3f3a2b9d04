import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface DehydratedDevice {
  readonly userId: UserId;
  readonly deviceId: string;
  /** JSON. */
  readonly deviceData: string;
}

export async function dehydratedDeviceOf(
  database: Database,
  userId: UserId,
): Promise<DehydratedDevice | undefined> {
  const rows = await database.query<DehydratedDevice>(
    'dehydrated_device_of',
    `SELECT user_id AS "userId", device_id AS "deviceId", device_data AS "deviceData"
     FROM dehydrated_device WHERE user_id = $1`,
    [userId],
  );
  return rows[0];
}

export const dehydratedDeviceRow = (device: DehydratedDevice): Row => ({
  write: PUT_DEHYDRATED_DEVICE,
  values: [device.userId, device.deviceId, device.deviceData],
});

/** Goes with its device. Without effect where that is another one, also in the batch that puts that one. */
export const dehydratedDeviceGoneRow = (userId: UserId, deviceId: string): Row => ({
  write: DELETE_DEHYDRATED_DEVICE,
  values: [userId, deviceId],
});

const PUT_DEHYDRATED_DEVICE: Write = {
  name: 'put_dehydrated_device',
  table: 'dehydrated_device',
  sql: `INSERT INTO dehydrated_device (user_id, device_id, device_data)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
    ON CONFLICT (user_id) DO UPDATE SET device_id = excluded.device_id,
      device_data = excluded.device_data`,
  types: ['text', 'text', 'text'],
  key: ([userId]) => `${userId}`,
};

const DELETE_DEHYDRATED_DEVICE: Write = {
  name: 'delete_dehydrated_device',
  table: 'dehydrated_device (with its device)',
  sql: `DELETE FROM dehydrated_device AS kept
    USING unnest($1::text[], $2::text[]) AS gone (user_id, device_id)
    WHERE kept.user_id = gone.user_id AND kept.device_id = gone.device_id`,
  types: ['text', 'text'],
};

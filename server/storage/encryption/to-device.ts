import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** `json` is the event as /sync gives it out; `position` is its id and its order. */
export interface ToDeviceMessage {
  readonly position: number;
  readonly json: string;
}

/** The oldest `limit` messages in (after, upTo]. */
export const toDeviceMessages = (
  database: Database,
  device: { userId: UserId; deviceId: string },
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
) =>
  database.query<ToDeviceMessage>(
    'to_device_messages',
    `SELECT position, json FROM to_device
     WHERE user_id = $1 AND device_id = $2 AND position > $3 AND position <= $4
     ORDER BY position LIMIT $5`,
    [device.userId, device.deviceId, after, upTo, limit],
  );

export const toDeviceRow = (
  message: ToDeviceMessage & { userId: UserId; deviceId: string },
): Row => ({
  write: INSERT_TO_DEVICE,
  values: [message.position, message.userId, message.deviceId, message.json],
});

/** Takes away what the device has shown to have got; all of it with `upTo` at the highest number. */
export const toDeviceGoneRow = (userId: UserId, deviceId: string, upTo: number): Row => ({
  write: DELETE_TO_DEVICE,
  values: [userId, deviceId, upTo],
});

const INSERT_TO_DEVICE: Write = {
  name: 'insert_to_device',
  table: 'to_device',
  sql: `INSERT INTO to_device (position, user_id, device_id, json)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[])`,
  types: ['int8', 'text', 'text', 'text'],
};

const DELETE_TO_DEVICE: Write = {
  name: 'delete_to_device',
  table: 'to_device (up to a position)',
  sql: `DELETE FROM to_device AS kept
    USING unnest($1::text[], $2::text[], $3::int8[]) AS gone (user_id, device_id, position)
    WHERE kept.user_id = gone.user_id AND kept.device_id = gone.device_id
      AND kept.position <= gone.position`,
  types: ['text', 'text', 'int8'],
};

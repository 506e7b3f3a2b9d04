import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import { columnsOf, type OneTimeKey } from './one-time-keys.ts';

export interface FallbackKey extends OneTimeKey {
  readonly used: boolean;
}

export const fallbackKeysOf = (database: Database, userId: UserId, deviceId: string) =>
  database.query<FallbackKey>(
    'fallback_keys_of',
    `SELECT user_id AS "userId", device_id AS "deviceId", algorithm, key_id AS "keyId", json, used
     FROM fallback_key WHERE user_id = $1 AND device_id = $2`,
    [userId, deviceId],
  );

/** For each wish the fallback key, if there is one. */
export const fallbackKeysFor = (
  database: Database,
  wishes: readonly Pick<OneTimeKey, 'userId' | 'deviceId' | 'algorithm'>[],
) =>
  database.query<FallbackKey>(
    'fallback_keys_for',
    `SELECT user_id AS "userId", device_id AS "deviceId", algorithm, key_id AS "keyId", json, used
     FROM fallback_key JOIN unnest($1::text[], $2::text[], $3::text[])
       AS wish (user_id, device_id, algorithm) USING (user_id, device_id, algorithm)`,
    columnsOf(wishes),
  );

/** The algorithms of which the device has a fallback key that nobody has been given yet. */
export async function unusedFallbackKeyTypes(
  database: Database,
  userId: UserId,
  deviceId: string,
): Promise<string[]> {
  const keys = await fallbackKeysOf(database, userId, deviceId);
  return keys.filter((key) => !key.used).map((key) => key.algorithm);
}

export const fallbackKeyRow = (key: FallbackKey): Row => ({
  write: PUT_FALLBACK_KEY,
  values: [key.userId, key.deviceId, key.algorithm, key.keyId, key.json, key.used],
});

/** Of a device that was deleted. */
export const fallbackKeysGoneRow = (userId: UserId, deviceId: string): Row => ({
  write: DELETE_FALLBACK_KEYS,
  values: [userId, deviceId],
});

const PUT_FALLBACK_KEY: Write = {
  name: 'put_fallback_key',
  table: 'fallback_key',
  sql: `INSERT INTO fallback_key (user_id, device_id, algorithm, key_id, json, used)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[])
    ON CONFLICT (user_id, device_id, algorithm)
      DO UPDATE SET key_id = excluded.key_id, json = excluded.json, used = excluded.used`,
  types: ['text', 'text', 'text', 'text', 'text', 'bool'],
  key: ([userId, deviceId, algorithm]) => `${userId}\0${deviceId}\0${algorithm}`,
};

const DELETE_FALLBACK_KEYS: Write = {
  name: 'delete_fallback_keys',
  table: 'fallback_key (all of a device)',
  sql: `DELETE FROM fallback_key AS kept
    USING unnest($1::text[], $2::text[]) AS gone (user_id, device_id)
    WHERE kept.user_id = gone.user_id AND kept.device_id = gone.device_id`,
  types: ['text', 'text'],
};

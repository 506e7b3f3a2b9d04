import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface OneTimeKey {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly algorithm: string;
  readonly keyId: string;
  readonly json: string;
}

/** How many unclaimed keys a device has, by algorithm. */
export async function oneTimeKeyCounts(
  database: Database,
  userId: UserId,
  deviceId: string,
): Promise<Readonly<Record<string, number>>> {
  const rows = await database.query<{ algorithm: string; count: number }>(
    'one_time_key_counts',
    `SELECT algorithm, count(*) AS count FROM one_time_key
     WHERE user_id = $1 AND device_id = $2 GROUP BY algorithm`,
    [userId, deviceId],
  );
  return Object.fromEntries(rows.map((row) => [row.algorithm, row.count]));
}

/** The ids of a device's unclaimed keys, by algorithm; undefined where there is no such device. */
export async function oneTimeKeyIds(
  database: Database,
  { userId, deviceId }: Pick<OneTimeKey, 'userId' | 'deviceId'>,
): Promise<Map<string, Set<string>> | undefined> {
  const rows = await database.query<{ algorithm: string | null; keyIds: string[] }>(
    'one_time_key_ids',
    `SELECT key.algorithm, array_agg(key.key_id) AS "keyIds"
     FROM device LEFT JOIN one_time_key AS key USING (user_id, device_id)
     WHERE user_id = $1 AND device_id = $2 GROUP BY key.algorithm`,
    [userId, deviceId],
  );
  if (rows.length === 0) return undefined;
  const held = rows.flatMap(({ algorithm, keyIds }) =>
    algorithm === null ? [] : [[algorithm, new Set(keyIds)] as const],
  );
  return new Map(held);
}

/** Those of the device's unclaimed keys that have these ids. */
export const oneTimeKeysNamed = (
  database: Database,
  { userId, deviceId }: Pick<OneTimeKey, 'userId' | 'deviceId'>,
  keyIds: readonly string[],
) =>
  database.query<Pick<OneTimeKey, 'algorithm' | 'keyId' | 'json'>>(
    'one_time_keys_named',
    `SELECT algorithm, key_id AS "keyId", json FROM one_time_key
     WHERE user_id = $1 AND device_id = $2 AND key_id = ANY ($3::text[])`,
    [userId, deviceId, keyIds],
  );

type Wish = Pick<OneTimeKey, 'userId' | 'deviceId' | 'algorithm'>;

/** For each wish the keys that are next to be claimed, in their order: of those that were uploaded first, the ones that sort first. */
export const oldestOneTimeKeys = (database: Database, wishes: readonly Wish[], each: number) =>
  database.query<OneTimeKey>(
    'oldest_one_time_keys',
    `SELECT key.user_id AS "userId", key.device_id AS "deviceId", key.algorithm,
       key.key_id AS "keyId", key.json
     FROM unnest($1::text[], $2::text[], $3::text[]) AS wish (user_id, device_id, algorithm)
     CROSS JOIN LATERAL (
       SELECT * FROM one_time_key
       WHERE user_id = wish.user_id AND device_id = wish.device_id AND algorithm = wish.algorithm
       ORDER BY position, key_id LIMIT $4::int8) AS key
     ORDER BY key.position, key.key_id`,
    [...columnsOf(wishes), each],
  );

export const columnsOf = (wishes: readonly Wish[]) => [
  wishes.map((wish) => wish.userId),
  wishes.map((wish) => wish.deviceId),
  wishes.map((wish) => wish.algorithm),
];

export const oneTimeKeyRow = (key: OneTimeKey, position: number): Row => ({
  write: INSERT_ONE_TIME_KEY,
  values: [key.userId, key.deviceId, key.algorithm, key.keyId, key.json, position],
});

export const oneTimeKeyGoneRow = (key: Omit<OneTimeKey, 'json'>): Row => ({
  write: DELETE_ONE_TIME_KEY,
  values: [key.userId, key.deviceId, key.algorithm, key.keyId],
});

/** Of a device that was deleted. */
export const oneTimeKeysGoneRow = (userId: UserId, deviceId: string): Row => ({
  write: DELETE_ONE_TIME_KEYS,
  values: [userId, deviceId],
});

const byKey: NonNullable<Write['key']> = ([userId, deviceId, algorithm, keyId]) =>
  `${userId}\0${deviceId}\0${algorithm}\0${keyId}`;

const INSERT_ONE_TIME_KEY: Write = {
  name: 'insert_one_time_key',
  table: 'one_time_key',
  sql: `INSERT INTO one_time_key (user_id, device_id, algorithm, key_id, json, position)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[])`,
  types: ['text', 'text', 'text', 'text', 'text', 'int8'],
  key: byKey,
};

const DELETE_ONE_TIME_KEY: Write = {
  name: 'delete_one_time_key',
  table: 'one_time_key',
  sql: `DELETE FROM one_time_key AS kept
    USING unnest($1::text[], $2::text[], $3::text[], $4::text[])
      AS gone (user_id, device_id, algorithm, key_id)
    WHERE kept.user_id = gone.user_id AND kept.device_id = gone.device_id
      AND kept.algorithm = gone.algorithm AND kept.key_id = gone.key_id`,
  types: ['text', 'text', 'text', 'text'],
  key: byKey,
};

const DELETE_ONE_TIME_KEYS: Write = {
  name: 'delete_one_time_keys',
  table: 'one_time_key (all of a device)',
  sql: `DELETE FROM one_time_key AS kept
    USING unnest($1::text[], $2::text[]) AS gone (user_id, device_id)
    WHERE kept.user_id = gone.user_id AND kept.device_id = gone.device_id`,
  types: ['text', 'text'],
};

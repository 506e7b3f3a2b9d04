import type { Database } from '../database.ts';
import type { Row, Value, Write } from '../write.ts';

export interface StoredServerKey {
  /** The whole response that names the key, as its server signed it. */
  readonly json: string;
  readonly validUntilMs: number;
  readonly fetchedMs: number;
  /** The keys under which it is stored. */
  readonly keyIds: readonly string[];
}

/** Each response once, the newest first, so many at most. */
export const serverKeysOf = (database: Database, server: string, limit: number) =>
  database.query<StoredServerKey>(
    'server_keys_of',
    `SELECT json, max(valid_until_ms) AS "validUntilMs", max(fetched_ms) AS "fetchedMs",
       array_agg(key_id) AS "keyIds"
     FROM server_key WHERE server_name = $1 GROUP BY json
     ORDER BY max(fetched_ms) DESC LIMIT $2`,
    [server, limit],
  );

export const serverKeyRow = (key: {
  server: string;
  keyId: string;
  json: string;
  validUntilMs: number;
  fetchedMs: number;
}): Row => ({
  write: PUT_SERVER_KEY,
  values: [key.server, key.keyId, key.json, key.validUntilMs, key.fetchedMs],
});

export const serverKeyGoneRow = (server: string, keyId: string): Row => ({
  write: REMOVE_SERVER_KEY,
  values: [server, keyId],
});

/** Removes those fetched longest ago beyond so many; true if there may be more. */
export async function sweepServerKeys(
  database: Database,
  { keptMax, limit }: { keptMax: number; limit: number },
): Promise<boolean> {
  const gone = await database.query(
    'sweep_server_keys',
    `DELETE FROM server_key WHERE (server_name, key_id) IN (
       SELECT server_name, key_id FROM server_key
       ORDER BY fetched_ms DESC OFFSET $1 LIMIT $2)
     RETURNING 1`,
    [keptMax, limit],
  );
  return gone.length === limit;
}

const keyOf = ([server, keyId]: readonly Value[]): string => `${server}\0${keyId}`;

const PUT_SERVER_KEY: Write = {
  name: 'put_server_key',
  table: 'server_key',
  sql: `INSERT INTO server_key (server_name, key_id, json, valid_until_ms, fetched_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[])
    ON CONFLICT (server_name, key_id) DO UPDATE SET json = excluded.json,
      valid_until_ms = excluded.valid_until_ms, fetched_ms = excluded.fetched_ms`,
  types: ['text', 'text', 'text', 'int8', 'int8'],
  key: keyOf,
};

const REMOVE_SERVER_KEY: Write = {
  name: 'remove_server_key',
  table: 'server_key',
  sql: `DELETE FROM server_key USING unnest($1::text[], $2::text[]) AS gone (server_name, key_id)
    WHERE server_key.server_name = gone.server_name AND server_key.key_id = gone.key_id`,
  types: ['text', 'text'],
  key: keyOf,
};

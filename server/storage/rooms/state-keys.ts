import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface StoredStateKey {
  readonly keyNid: number;
  readonly type: string;
  readonly stateKey: string;
}

const SELECT = `SELECT key_nid AS "keyNid", type, state_key AS "stateKey" FROM state_key`;

export const stateKeysByName = (
  database: Database,
  keys: readonly { type: string; stateKey: string }[],
) =>
  database.query<StoredStateKey>(
    'state_keys_by_name',
    `${SELECT} JOIN unnest($1::text[], $2::text[]) AS wanted (type, state_key)
       USING (type, state_key)`,
    [keys.map((key) => key.type), keys.map((key) => key.stateKey)],
  );

export const stateKeysByNid = (database: Database, keyNids: readonly number[]) =>
  database.query<StoredStateKey>(
    'state_keys_by_nid',
    `${SELECT} WHERE key_nid = ANY ($1::int8[])`,
    [keyNids],
  );

export const stateKeyRow = (key: StoredStateKey): Row => ({
  write: PUT_STATE_KEY,
  values: [key.keyNid, key.type, key.stateKey],
});

/** Every change that uses a key not yet known to be committed carries its row, so it may come twice. */
const PUT_STATE_KEY: Write = {
  name: 'put_state_key',
  table: 'state_key',
  sql: `INSERT INTO state_key (key_nid, type, state_key)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`,
  types: ['int8', 'text', 'text'],
  key: (values) => String(values[0]),
};

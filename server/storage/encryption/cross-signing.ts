import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export type CrossSigningUsage = 'master' | 'self_signing' | 'user_signing';

/** `json` is as it was uploaded. */
export interface CrossSigningKeyRow {
  readonly userId: UserId;
  readonly usage: CrossSigningUsage;
  readonly json: string;
}

export const crossSigningKeysOf = (database: Database, userIds: readonly UserId[]) =>
  database.query<CrossSigningKeyRow>(
    'cross_signing_keys_of',
    `SELECT user_id AS "userId", usage, json FROM cross_signing_key
     WHERE user_id = ANY ($1::text[])`,
    [userIds],
  );

export const crossSigningKeyRow = (key: CrossSigningKeyRow): Row => ({
  write: PUT_CROSS_SIGNING_KEY,
  values: [key.userId, key.usage, key.json],
});

const PUT_CROSS_SIGNING_KEY: Write = {
  name: 'put_cross_signing_key',
  table: 'cross_signing_key',
  sql: `INSERT INTO cross_signing_key (user_id, usage, json)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
    ON CONFLICT (user_id, usage) DO UPDATE SET json = excluded.json`,
  types: ['text', 'text', 'text'],
  key: ([userId, usage]) => `${userId}\0${usage}`,
};

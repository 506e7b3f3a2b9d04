import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import type { StoredRate } from './own-rates.ts';

export interface AccessToken {
  readonly tokenId: number;
  readonly userId: UserId;
  readonly deviceId: string;
  readonly accessHash: Buffer;
  readonly accessExpiresMs: number | null;
  readonly refreshHash: Buffer | null;
  /** The pair that holds until this one is used. */
  readonly replacesId: number | null;
}

/** Of the account whose token it is. */
interface Holder extends StoredRate {
  readonly guest: boolean;
  readonly admin: boolean;
  readonly suspended: boolean;
  readonly locked: boolean;
}

const SELECT = `SELECT token_id AS "tokenId", user_id AS "userId", device_id AS "deviceId",
  access_hash AS "accessHash", access_expires_ms AS "accessExpiresMs",
  refresh_hash AS "refreshHash", replaces_id AS "replacesId" FROM access_token`;

export async function tokenByAccessHash(
  database: Database,
  hash: Buffer,
): Promise<(AccessToken & Holder) | undefined> {
  const rows = await database.query<AccessToken & Holder>(
    'token_by_access_hash',
    `SELECT token.*, account.guest, account.admin, account.suspended_ms IS NOT NULL AS suspended,
       account.locked_ms IS NOT NULL AS locked,
       account.messages_per_second AS "messagesPerSecond", account.burst_count AS "burstCount"
     FROM (${SELECT} WHERE access_hash = $1) AS token
     JOIN account ON account.user_id = token."userId"`,
    [hash],
  );
  return rows[0];
}

export async function tokenByRefreshHash(
  database: Database,
  hash: Buffer,
): Promise<AccessToken | undefined> {
  const rows = await database.query<AccessToken>(
    'token_by_refresh_hash',
    `${SELECT} WHERE refresh_hash = $1`,
    [hash],
  );
  return rows[0];
}

/** All pairs that hold for a user, by device. */
export const tokensOf = (database: Database, userId: UserId) =>
  database.query<AccessToken>('tokens_of', `${SELECT} WHERE user_id = $1`, [userId]);

export const accessTokenRow = (token: AccessToken): Row => ({
  write: PUT_TOKEN,
  values: [
    token.tokenId,
    token.userId,
    token.deviceId,
    token.accessHash,
    token.accessExpiresMs,
    token.refreshHash,
    token.replacesId,
  ],
});

export const accessTokenGoneRow = (tokenId: number): Row => ({
  write: DELETE_TOKEN,
  values: [tokenId],
});

const PUT_TOKEN: Write = {
  name: 'put_access_token',
  table: 'access_token',
  sql: `INSERT INTO access_token (token_id, user_id, device_id, access_hash, access_expires_ms,
      refresh_hash, replaces_id)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::bytea[], $5::int8[],
      $6::bytea[], $7::int8[])
    ON CONFLICT (token_id) DO UPDATE SET replaces_id = excluded.replaces_id`,
  types: ['int8', 'text', 'text', 'bytea', 'int8', 'bytea', 'int8'],
  key: ([tokenId]) => `${tokenId}`,
};

const DELETE_TOKEN: Write = {
  name: 'delete_access_token',
  table: 'access_token',
  sql: 'DELETE FROM access_token WHERE token_id = ANY ($1::int8[])',
  types: ['int8'],
  key: ([tokenId]) => `${tokenId}`,
};

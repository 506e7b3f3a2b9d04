import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface LoginToken {
  readonly tokenHash: Buffer;
  readonly userId: UserId;
  readonly expiresMs: number;
}

const SELECT = `SELECT token_hash AS "tokenHash", user_id AS "userId", expires_ms AS "expiresMs"
  FROM login_token`;

export async function loginToken(
  database: Database,
  tokenHash: Buffer,
): Promise<LoginToken | undefined> {
  const rows = await database.query<LoginToken>('login_token', `${SELECT} WHERE token_hash = $1`, [
    tokenHash,
  ]);
  return rows[0];
}

export const loginTokensOf = (database: Database, userId: UserId) =>
  database.query<LoginToken>('login_tokens_of', `${SELECT} WHERE user_id = $1`, [userId]);

export const loginTokenRow = (token: LoginToken): Row => ({
  write: INSERT_LOGIN_TOKEN,
  values: [token.tokenHash, token.userId, token.expiresMs],
});

export const loginTokenGoneRow = ({ tokenHash }: Pick<LoginToken, 'tokenHash'>): Row => ({
  write: DELETE_LOGIN_TOKEN,
  values: [tokenHash],
});

const INSERT_LOGIN_TOKEN: Write = {
  name: 'insert_login_token',
  table: 'login_token',
  sql: `INSERT INTO login_token (token_hash, user_id, expires_ms)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::int8[])`,
  types: ['bytea', 'text', 'int8'],
};

const DELETE_LOGIN_TOKEN: Write = {
  name: 'delete_login_token',
  table: 'login_token (gone)',
  sql: 'DELETE FROM login_token WHERE token_hash = ANY ($1::bytea[])',
  types: ['bytea'],
};

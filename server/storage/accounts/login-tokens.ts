import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import { isMeant, type UpstreamEnd, type UpstreamSession } from './upstream-sessions.ts';

export interface LoginToken {
  readonly tokenHash: Buffer;
  readonly userId: UserId;
  readonly expiresMs: number;
  /** By which login at a provider somebody is let in. */
  readonly upstream: UpstreamSession | undefined;
}

const SELECT = `SELECT token_hash AS "tokenHash", user_id AS "userId", expires_ms AS "expiresMs",
    issuer, subject, sid
  FROM login_token`;

type Stored = Omit<LoginToken, 'upstream'> & {
  readonly [K in keyof UpstreamSession]: string | null;
};

const tokenIn = ({ issuer, subject, sid, ...token }: Stored): LoginToken => ({
  ...token,
  upstream: issuer === null || subject === null ? undefined : { issuer, subject, sid },
});

export async function loginToken(
  database: Database,
  tokenHash: Buffer,
): Promise<LoginToken | undefined> {
  const rows = await database.query<Stored>('login_token', `${SELECT} WHERE token_hash = $1`, [
    tokenHash,
  ]);
  return rows.map(tokenIn)[0];
}

export async function loginTokensOf(database: Database, userId: UserId): Promise<LoginToken[]> {
  const rows = await database.query<Stored>('login_tokens_of', `${SELECT} WHERE user_id = $1`, [
    userId,
  ]);
  return rows.map(tokenIn);
}

/** Not used yet. They live for minutes, so there are few. */
export async function loginTokensSignedInBy(
  database: Database,
  end: UpstreamEnd,
): Promise<LoginToken[]> {
  const rows = await database.query<Stored>('login_tokens_by', `${SELECT} WHERE issuer = $1`, [
    end.issuer,
  ]);
  return rows.map(tokenIn).filter(({ upstream }) => upstream && isMeant(upstream, end));
}

export const loginTokenRow = (token: LoginToken): Row => ({
  write: INSERT_LOGIN_TOKEN,
  values: [
    ...[token.tokenHash, token.userId, token.expiresMs],
    ...[token.upstream?.issuer ?? null, token.upstream?.subject ?? null],
    token.upstream?.sid ?? null,
  ],
});

export const loginTokenGoneRow = ({ tokenHash }: Pick<LoginToken, 'tokenHash'>): Row => ({
  write: DELETE_LOGIN_TOKEN,
  values: [tokenHash],
});

const INSERT_LOGIN_TOKEN: Write = {
  name: 'insert_login_token',
  table: 'login_token',
  sql: `INSERT INTO login_token (token_hash, user_id, expires_ms, issuer, subject, sid)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::int8[], $4::text[], $5::text[], $6::text[])`,
  types: ['bytea', 'text', 'int8', 'text', 'text', 'text'],
};

const DELETE_LOGIN_TOKEN: Write = {
  name: 'delete_login_token',
  table: 'login_token (gone)',
  sql: 'DELETE FROM login_token WHERE token_hash = ANY ($1::bytea[])',
  types: ['bytea'],
};

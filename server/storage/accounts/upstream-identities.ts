import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** Somebody, as their provider names them. */
export interface UpstreamIdentity {
  readonly issuer: string;
  readonly subject: string;
}

export async function userOfIdentity(
  database: Database,
  { issuer, subject }: UpstreamIdentity,
): Promise<UserId | undefined> {
  const rows = await database.query<{ userId: UserId }>(
    'user_of_identity',
    'SELECT user_id AS "userId" FROM upstream_identity WHERE issuer = $1 AND subject = $2',
    [issuer, subject],
  );
  return rows[0]?.userId;
}

export async function issuersOf(database: Database, userId: UserId): Promise<readonly string[]> {
  const rows = await database.query<{ issuer: string }>(
    'issuers_of',
    'SELECT DISTINCT issuer FROM upstream_identity WHERE user_id = $1',
    [userId],
  );
  return rows.map(({ issuer }) => issuer);
}

export const upstreamIdentityRow = (
  { issuer, subject }: UpstreamIdentity,
  { userId, linkedMs }: { userId: UserId; linkedMs: number },
): Row => ({ write: INSERT_IDENTITY, values: [issuer, subject, userId, linkedMs] });

const INSERT_IDENTITY: Write = {
  name: 'insert_upstream_identity',
  table: 'upstream_identity',
  sql: `INSERT INTO upstream_identity (issuer, subject, user_id, linked_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[])`,
  types: ['text', 'text', 'text', 'int8'],
};

import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface RegistrationToken {
  readonly token: string;
  readonly usesAllowed: number | null;
  readonly usesCompleted: number;
  readonly expiresMs: number | null;
  readonly createdMs: number;
}

const SELECT = `SELECT token, uses_allowed AS "usesAllowed", uses_completed AS "usesCompleted",
  expires_ms AS "expiresMs", created_ms AS "createdMs" FROM registration_token`;

export const allRegistrationTokens = (database: Database) =>
  database.query<RegistrationToken>('all_registration_tokens', `${SELECT} ORDER BY created_ms`);

export async function registrationToken(
  database: Database,
  token: string,
): Promise<RegistrationToken | undefined> {
  const rows = await database.query<RegistrationToken>(
    'registration_token',
    `${SELECT} WHERE token = $1`,
    [token],
  );
  return rows[0];
}

export const registrationTokenRow = (token: RegistrationToken): Row => ({
  write: PUT_REGISTRATION_TOKEN,
  values: [token.token, token.usesAllowed, token.usesCompleted, token.expiresMs, token.createdMs],
});

export const registrationTokenGoneRow = (token: string): Row => ({
  write: DELETE_REGISTRATION_TOKEN,
  values: [token],
});

const PUT_REGISTRATION_TOKEN: Write = {
  name: 'put_registration_token',
  table: 'registration_token',
  sql: `INSERT INTO registration_token (token, uses_allowed, uses_completed, expires_ms, created_ms)
    SELECT * FROM unnest($1::text[], $2::int4[], $3::int4[], $4::int8[], $5::int8[])
    ON CONFLICT (token) DO UPDATE SET uses_allowed = excluded.uses_allowed,
      uses_completed = excluded.uses_completed, expires_ms = excluded.expires_ms`,
  types: ['text', 'int4', 'int4', 'int8', 'int8'],
  key: ([token]) => `${token}`,
};

const DELETE_REGISTRATION_TOKEN: Write = {
  name: 'delete_registration_token',
  table: 'registration_token',
  sql: 'DELETE FROM registration_token WHERE token = ANY ($1::text[])',
  types: ['text'],
  key: ([token]) => `${token}`,
};

import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export async function hasSignInEnded(database: Database, id: string): Promise<boolean> {
  const rows = await database.query(
    'has_sign_in_ended',
    'SELECT 1 FROM ended_sign_in WHERE id = $1',
    [id],
  );
  return rows.length > 0;
}

export const endedSignInRow = (ended: { id: string; expiresMs: number }): Row => ({
  write: INSERT_ENDED_SIGN_IN,
  values: [ended.id, ended.expiresMs],
});

/** Until when the last of these is kept; undefined where there is none. */
export async function endedUntil(
  database: Database,
  ids: readonly string[],
): Promise<number | undefined> {
  const rows = await database.query<{ expiresMs: number }>(
    'ended_until',
    `SELECT expires_ms AS "expiresMs" FROM ended_sign_in WHERE id = ANY ($1::text[])
     ORDER BY expires_ms DESC LIMIT 1`,
    [ids],
  );
  return rows[0]?.expiresMs;
}

/** A login ends each time that its provider says so. */
export const loginEndedRow = (ended: { id: string; expiresMs: number }): Row => ({
  write: PUT_ENDED_LOGIN,
  values: [ended.id, ended.expiresMs],
});

const PUT_ENDED_LOGIN: Write = {
  name: 'put_ended_login',
  table: 'ended_sign_in (again)',
  sql: `INSERT INTO ended_sign_in (id, expires_ms) SELECT * FROM unnest($1::text[], $2::int8[])
    ON CONFLICT (id) DO UPDATE SET expires_ms = greatest(ended_sign_in.expires_ms, excluded.expires_ms)`,
  types: ['text', 'int8'],
  key: ([id]) => String(id),
};

const INSERT_ENDED_SIGN_IN: Write = {
  name: 'insert_ended_sign_in',
  table: 'ended_sign_in',
  sql: `INSERT INTO ended_sign_in (id, expires_ms)
    SELECT * FROM unnest($1::text[], $2::int8[])`,
  types: ['text', 'int8'],
};

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

const INSERT_ENDED_SIGN_IN: Write = {
  name: 'insert_ended_sign_in',
  table: 'ended_sign_in',
  sql: `INSERT INTO ended_sign_in (id, expires_ms)
    SELECT * FROM unnest($1::text[], $2::int8[])`,
  types: ['text', 'int8'],
};

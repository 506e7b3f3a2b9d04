import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface FailedPassword {
  readonly who: string;
  readonly expiresMs: number;
}

/** Those that still count, of which the last ones count longest. */
export const failedPasswords = (
  database: Database,
  { nowMs, limit }: { nowMs: number; limit: number },
) =>
  database.query<FailedPassword>(
    'failed_passwords',
    `SELECT who, expires_ms AS "expiresMs" FROM failed_password
     WHERE expires_ms > $1 ORDER BY expires_ms DESC LIMIT $2`,
    [nowMs, limit],
  );

export const failedPasswordRow = ({ who, expiresMs }: FailedPassword): Row => ({
  write: PUT_FAILED,
  values: [who, expiresMs],
});

const PUT_FAILED: Write = {
  name: 'put_failed_password',
  table: 'failed_password',
  sql: `INSERT INTO failed_password (who, expires_ms) SELECT * FROM unnest($1::text[], $2::int8[])
    ON CONFLICT (who) DO UPDATE SET expires_ms = excluded.expires_ms`,
  types: ['text', 'int8'],
  key: ([who]) => `${who}`,
};

import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface Account {
  readonly userId: UserId;
  readonly passwordHash: string | null;
  readonly guest: boolean;
  /** Their password is in the operator's directory. */
  readonly inDirectory: boolean;
  readonly admin: boolean;
  readonly createdMs: number;
  readonly deactivatedMs: number | null;
  readonly suspendedMs: number | null;
  readonly lockedMs: number | null;
}

export async function accountOf(database: Database, userId: UserId): Promise<Account | undefined> {
  const rows = await database.query<Account>(
    'account_of',
    `SELECT user_id AS "userId", password_hash AS "passwordHash", guest, admin,
       created_ms AS "createdMs", deactivated_ms AS "deactivatedMs",
       suspended_ms AS "suspendedMs", locked_ms AS "lockedMs", in_directory AS "inDirectory"
     FROM account WHERE user_id = $1`,
    [userId],
  );
  return rows[0];
}

export async function hasAccounts(database: Database): Promise<boolean> {
  const rows = await database.query('has_accounts', 'SELECT 1 FROM account LIMIT 1');
  return rows.length > 0;
}

/** Of those who may act as one: neither closed nor locked. */
export async function hasAdministratorBut(database: Database, userId: UserId): Promise<boolean> {
  const rows = await database.query(
    'has_administrator_but',
    `SELECT 1 FROM account WHERE admin AND deactivated_ms IS NULL AND locked_ms IS NULL
       AND user_id <> $1 LIMIT 1`,
    [userId],
  );
  return rows.length > 0;
}

export async function guestsAmong(
  database: Database,
  userIds: readonly UserId[],
): Promise<readonly UserId[]> {
  const rows = await database.query<{ userId: UserId }>(
    'guests_among',
    `SELECT user_id AS "userId" FROM account WHERE user_id = ANY ($1::text[]) AND guest`,
    [userIds],
  );
  return rows.map((row) => row.userId);
}

export const accountRow = (account: Account): Row => ({
  write: PUT_ACCOUNT,
  values: [
    account.userId,
    account.passwordHash,
    account.guest,
    account.admin,
    account.createdMs,
    account.deactivatedMs,
    account.suspendedMs,
    account.lockedMs,
    account.inDirectory,
  ],
});

const PUT_ACCOUNT: Write = {
  name: 'put_account',
  table: 'account',
  sql: `INSERT INTO account (user_id, password_hash, guest, admin, created_ms, deactivated_ms,
      suspended_ms, locked_ms, in_directory)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::bool[], $5::int8[], $6::int8[],
      $7::int8[], $8::int8[], $9::bool[])
    ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash,
      admin = excluded.admin, deactivated_ms = excluded.deactivated_ms,
      suspended_ms = excluded.suspended_ms, locked_ms = excluded.locked_ms`,
  types: ['text', 'text', 'bool', 'bool', 'int8', 'int8', 'int8', 'int8', 'bool'],
  key: ([userId]) => `${userId}`,
};

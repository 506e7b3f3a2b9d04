import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';

/** An account as administrators see it in a list. */
export interface ListedAccount {
  readonly userId: UserId;
  readonly guest: boolean;
  readonly admin: boolean;
  readonly createdMs: number;
  readonly deactivated: boolean;
  readonly suspended: boolean;
  readonly locked: boolean;
  readonly erased: boolean;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
  readonly lastSeenMs: number | null;
}

/** By what a list may be ordered, and the expression for it. */
const ORDERS = {
  name: 'user_id',
  is_guest: 'guest',
  admin: 'admin',
  deactivated: 'deactivated',
  displayname: '"displayName"',
  avatar_url: '"avatarUrl"',
  creation_ts: '"createdMs"',
  last_seen_ts: '"lastSeenMs"',
  locked: 'locked',
} as const;

export type AccountOrder = keyof typeof ORDERS;
export const ACCOUNT_ORDERS = Object.keys(ORDERS) as [AccountOrder, ...AccountOrder[]];

export interface AccountFilter {
  /** Somewhere in the user id or the display name; all with an empty one. */
  readonly text: string;
  readonly deactivated: boolean;
  readonly guests: boolean;
  /** Only administrators, or only others. */
  readonly admins: boolean | null;
}

export interface AccountPage extends AccountFilter {
  readonly order: AccountOrder;
  readonly isDescending: boolean;
  readonly from: number;
  readonly limit: number;
}

const profileField = (field: string) =>
  `(SELECT value::json #>> '{}' FROM profile_field AS f
     WHERE f.user_id = account.user_id AND f.field = '${field}')`;

const LISTED = `SELECT user_id AS "userId", user_id, guest, admin, created_ms AS "createdMs",
    deactivated_ms IS NOT NULL AS deactivated, suspended_ms IS NOT NULL AS suspended,
    locked_ms IS NOT NULL AS locked,
    EXISTS (SELECT 1 FROM erasure WHERE erasure.user_id = account.user_id) AS erased,
    ${profileField('displayname')} AS "displayName", ${profileField('avatar_url')} AS "avatarUrl",
    (SELECT max(last_seen_ms) FROM device WHERE device.user_id = account.user_id) AS "lastSeenMs"
  FROM account`;

const FILTERED = `SELECT * FROM (${LISTED}) AS listed
  WHERE ($1 = '' OR user_id ILIKE '%' || $1 || '%' OR "displayName" ILIKE '%' || $1 || '%')
    AND ($2 OR NOT deactivated) AND ($3 OR NOT guest) AND ($4::bool IS NULL OR admin = $4)`;

const valuesOf = ({ text, deactivated, guests, admins }: AccountFilter) => [
  ...[text.replaceAll(/[\\%_]/g, '\\$&'), deactivated, guests, admins],
];

export const listedAccounts = (database: Database, page: AccountPage) => {
  const direction = page.isDescending ? 'DESC NULLS LAST' : 'ASC NULLS LAST';
  return database.query<ListedAccount>(
    `listed_accounts_${page.order}_${page.isDescending}`,
    `${FILTERED} ORDER BY ${ORDERS[page.order]} ${direction}, user_id LIMIT $5 OFFSET $6`,
    [...valuesOf(page), page.limit, page.from],
  );
};

export async function countOfAccounts(database: Database, filter: AccountFilter): Promise<number> {
  const rows = await database.query<{ count: number }>(
    'count_of_accounts',
    `SELECT count(*) FROM (${FILTERED}) AS found`,
    valuesOf(filter),
  );
  return rows[0]!.count;
}

export async function listedAccount(
  database: Database,
  userId: UserId,
): Promise<ListedAccount | undefined> {
  const rows = await database.query<ListedAccount>(
    'listed_account',
    `${LISTED} WHERE user_id = $1`,
    [userId],
  );
  return rows[0];
}

import type { UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import type { AccountData } from './account-data.ts';

export const IGNORED_USERS = 'm.ignored_user_list';

/** Whom an `m.ignored_user_list` names. */
export function ignoredIn(content: JsonObject | undefined): ReadonlySet<UserId> {
  const users = content?.ignored_users;
  return new Set((isObject(users) ? Object.keys(users) : []) as UserId[]);
}

export const ignoredBy = async (
  accountData: Pick<AccountData, 'get'>,
  userId: UserId,
): Promise<ReadonlySet<UserId>> =>
  ignoredIn(await accountData.get({ userId, roomId: null, type: IGNORED_USERS }));

import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { AccountData } from './account-data.ts';

export const INVITE_PERMISSION = 'm.invite_permission_config';

/** Those of the users who let nobody invite them (client-server API, "Invite permission"). */
export async function blockingInvites(
  accountData: Pick<AccountData, 'ofUsers'>,
  userIds: readonly UserId[],
): Promise<ReadonlySet<UserId>> {
  const all = await accountData.ofUsers(userIds, INVITE_PERMISSION);
  const blocking = [...all].filter(([, content]) => blocksInvites(content));
  return new Set(blocking.map(([userId]) => userId));
}

export const blocksInvites = (content: JsonObject | undefined): boolean =>
  content?.default_action === 'block';

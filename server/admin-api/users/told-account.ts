import type { ListedAccount } from '../../accounts/account-list.ts';
import type { ThirdPartyId } from '../../accounts/third-party-ids.ts';
import { toldThirdPartyIds } from '../../client-api/third-party-ids/get-account-3pids.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** An account in the words of Synapse's admin API; what there is not here is told as absent. */
export const toldAccount = (account: ListedAccount): JsonObject => ({
  name: account.userId,
  displayname: account.displayName,
  avatar_url: account.avatarUrl,
  ...{ is_guest: account.guest, admin: account.admin, user_type: null, shadow_banned: false },
  ...{ deactivated: account.deactivated, erased: account.erased },
  ...{ suspended: account.suspended, locked: account.locked },
  creation_ts: account.createdMs,
  last_seen_ts: account.lastSeenMs,
});

/** Alone it says more, and counts the time in seconds. */
export const toldWhole = (
  account: ListedAccount,
  thirdPartyIds: readonly ThirdPartyId[],
): JsonObject => ({
  ...toldAccount(account),
  creation_ts: Math.floor(account.createdMs / 1_000),
  ...{ appservice_id: null, external_ids: [] },
  threepids: toldThirdPartyIds(thirdPartyIds),
});

import type { ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { type LocalPorts, localAccount } from './local-user.ts';
import { toldWhole } from './told-account.ts';

export interface WholePorts extends LocalPorts {
  readonly thirdPartyIds: Pick<ThirdPartyIds, 'of'>;
}

/** All that is told of one account. */
export async function wholeAccount(ports: WholePorts, userId: UserId): Promise<JsonObject> {
  const account = await localAccount(ports, userId);
  return toldWhole(account, await ports.thirdPartyIds.of(userId));
}

import { emailIn, type NamedId, type ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import type { UserId } from '../../protocol/identifiers.ts';

export interface ThirdPartyIdPorts {
  readonly thirdPartyIds: Pick<ThirdPartyIds, 'of' | 'holderOf' | 'remove'>;
}

/** Programs send back what they were told of; but that an address is somebody's is proved by whoever reads its mail. */
export async function refuseNewIds(
  { thirdPartyIds }: ThirdPartyIdPorts,
  userId: UserId,
  wished: readonly NamedId[],
): Promise<void> {
  for (const { medium, address } of wished)
    if ((await thirdPartyIds.holderOf(medium, address)) !== userId)
      throw invalidParam('An address is added by its user, who confirms it');
}

/** Those that are not wished are theirs no more. */
export async function keepOnly(
  { thirdPartyIds }: ThirdPartyIdPorts,
  userId: UserId,
  wished: readonly NamedId[],
): Promise<void> {
  const kept = new Set<string | undefined>(wished.map((each) => emailIn(each)?.address));
  for (const id of await thirdPartyIds.of(userId))
    if (!kept.has(id.address)) await thirdPartyIds.remove(userId, id);
}

import { parseEmailAddress } from '../../accounts/email-address.ts';
import type { ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import type { UserId } from '../../protocol/identifiers.ts';

export interface WishedId {
  readonly medium: string;
  readonly address: string;
}

export interface ThirdPartyIdPorts {
  readonly thirdPartyIds: Pick<ThirdPartyIds, 'of' | 'holderOf' | 'remove'>;
}

/** Programs send back what they were told of; but that an address is somebody's is proved by whoever reads its mail. */
export async function refuseNewIds(
  { thirdPartyIds }: ThirdPartyIdPorts,
  userId: UserId,
  wished: readonly WishedId[],
): Promise<void> {
  for (const { medium, address } of wished)
    if ((await thirdPartyIds.holderOf(medium, address)) !== userId)
      throw invalidParam('An address is added by its user, who confirms it');
}

/** Those that are not wished are theirs no more. */
export async function keepOnly(
  { thirdPartyIds }: ThirdPartyIdPorts,
  userId: UserId,
  wished: readonly WishedId[],
): Promise<void> {
  const kept = new Set(wished.map(folded));
  for (const id of await thirdPartyIds.of(userId))
    if (!kept.has(folded(id))) await thirdPartyIds.remove(userId, id);
}

function folded({ medium, address }: WishedId): string {
  const parsed = parseEmailAddress(address);
  return `${medium} ${parsed.ok ? parsed.value : address}`;
}

import type { Profiles } from '../../accounts/profiles.ts';
import type { Elsewhere } from '../../federation/asking/elsewhere.ts';
import type { RequestMeta } from '../../http/endpoint.ts';
import { subscriberOf } from '../../http/rate-limits.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

export interface ShownProfilePorts {
  readonly profiles: Pick<Profiles, 'of'>;
  /** Undefined where other servers are not asked. */
  readonly elsewhere: Pick<Elsewhere, 'profileOf'> | undefined;
}

/** Of a user of another server as that tells it. */
export async function shownProfile(
  { profiles, elsewhere }: ShownProfilePorts,
  userId: UserId,
  { address }: Pick<RequestMeta, 'address'>,
): Promise<JsonObject | undefined> {
  const own = await profiles.of(userId);
  return own ?? elsewhere?.profileOf(userId, subscriberOf(address));
}

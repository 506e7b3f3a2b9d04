import type { Accounts } from '../../accounts/accounts.ts';
import { whyNotActive } from '../../accounts/why-not-active.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import type { Invitation, Invitations } from '../../rooms/elsewhere/invitations.ts';

export interface InvitedPorts {
  readonly accounts: Pick<Accounts, 'get'>;
  readonly invitations: Pick<Invitations, 'parsed' | 'take'>;
}

/** Whoever has no account here, or none that may do anything, is not invited; the two are told alike. */
export async function invited(
  { accounts, invitations }: InvitedPorts,
  invitation: Invitation,
): Promise<JsonObject> {
  const { target } = invitations.parsed(invitation);
  if (whyNotActive(await accounts.get(target))) throw forbidden(`${target} cannot be invited`);
  return invitations.take(invitation);
}

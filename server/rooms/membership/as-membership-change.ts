import type { UserId } from '../../protocol/identifiers.ts';
import { badJson } from '../../protocol/matrix-error.ts';
import type { Draft } from '../draft.ts';
import type { MembershipChange } from './membership.ts';
import { membershipOf } from './membership.ts';

type MemberState = Draft & { readonly stateKey: UserId };

export const isMemberState = (draft: Draft): draft is MemberState =>
  draft.type === 'm.room.member' && draft.stateKey !== undefined;

/**
 * Clients join, invite, kick and ban by setting state, too. It is the same deed, so it goes the same
 * way: what this server vouches for (who may enter a restricted room, whom it can reach) is asked
 * whatever endpoint the wish came by.
 */
export function asMembershipChange({
  sender,
  stateKey,
  content,
  originServerTs,
}: MemberState): MembershipChange {
  const membership = membershipOf(content.membership);
  if (membership === undefined)
    throw badJson('The content of m.room.member says in `membership` what becomes of the user');
  return { sender, target: stateKey, action: membership, content, originServerTs };
}

import { levelFor, powerLevelOf } from '../power-levels.ts';
import { type MembershipChange, membershipOf } from './membership.ts';
import { checkThirdPartyInvite } from './third-party-invite.ts';
import { ALLOWED, refused, type Verdict } from './verdict.ts';

/** "If `membership` is `invite`" (rule 5.4). */
export const checkInvite = (change: MembershipChange): Verdict => {
  const { event, target, state, rules } = change;
  if (event.content.third_party_invite !== undefined) return checkThirdPartyInvite(change);
  if (membershipOf(event.sender, state) !== 'join') {
    return refused('invite.sender', `${event.sender} is not in the room`);
  }
  const membership = membershipOf(target, state);
  if (membership === 'join') {
    return refused('invite.joined', `${target} is already in the room`);
  }
  if (membership === 'ban') return refused('invite.banned', `${target} is banned from the room`);
  return powerLevelOf(event.sender, state, rules) >= levelFor('invite', state, rules)
    ? ALLOWED
    : refused('invite.power', `${event.sender} may not invite`);
};

import { type MembershipChange, mayRemove, membershipOf } from './membership.ts';
import { ALLOWED, refused, type Verdict } from './verdict.ts';

/** "If `membership` is `ban`" (rule 5.6). Who is not in the room can be banned too. */
export const checkBan = (change: MembershipChange): Verdict => {
  const { event, target, state } = change;
  if (membershipOf(event.sender, state) !== 'join') {
    return refused('ban.sender', `${event.sender} is not in the room`);
  }
  return mayRemove(change, 'ban')
    ? ALLOWED
    : refused('ban.power', `${event.sender} may not ban ${target}`);
};

import { levelFor, powerLevelOf } from '../power-levels.ts';
import { type MembershipChange, mayRemove, membershipOf } from './membership.ts';
import { ALLOWED, refused, type Verdict } from './verdict.ts';

/** "If `membership` is `leave`" (rule 5.5): to go, to kick, to unban, or to take an invite back. */
export const checkLeave = (change: MembershipChange): Verdict => {
  const { event, target, state, rules } = change;
  const membership = membershipOf(event.sender, state);
  if (event.sender === target) return checkOwnLeave(membership, rules.knocking);
  if (membership !== 'join') {
    return refused('leave.sender', `${event.sender} is not in the room`);
  }
  if (
    membershipOf(target, state) === 'ban' &&
    powerLevelOf(event.sender, state, rules) < levelFor('ban', state, rules)
  ) {
    return refused('leave.unban', `${event.sender} may not lift a ban`);
  }
  return mayRemove(change, 'kick')
    ? ALLOWED
    : refused('leave.kick', `${event.sender} may not remove ${target}`);
};

const checkOwnLeave = (membership: string | undefined, knocking: boolean): Verdict =>
  membership === 'join' || membership === 'invite' || (membership === 'knock' && knocking)
    ? ALLOWED
    : refused('leave.own', 'only who is joined, is invited or has knocked can leave');

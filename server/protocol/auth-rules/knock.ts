import { joinRuleOf, type MembershipChange, membershipOf } from './membership.ts';
import { ALLOWED, refused, type Verdict } from './verdict.ts';

/** "If `membership` is `knock`" (rule 5.7, versions 7 and later). */
export const checkKnock = ({ event, target, state, rules }: MembershipChange): Verdict => {
  const joinRule = joinRuleOf(state);
  if (joinRule !== 'knock' && !(joinRule === 'knock_restricted' && rules.knockRestricted)) {
    return refused('knock.rule', 'the join rule of the room does not take knocks');
  }
  if (event.sender !== target) return refused('knock.other', 'nobody can knock for another');
  const membership = membershipOf(event.sender, state);
  return membership === 'ban' || membership === 'invite' || membership === 'join'
    ? refused('knock.membership', `${target} cannot knock: their membership is ${membership}`)
    : ALLOWED;
};

import { levelFor, powerLevelOf } from '../power-levels.ts';
import { creatorOf } from '../room-creators.ts';
import { joinRuleOf, type MembershipChange, membershipOf } from './membership.ts';
import { ALLOWED, refused, type Verdict } from './verdict.ts';

/** "If `membership` is `join`" (rule 5.3). */
export const checkJoin = (change: MembershipChange): Verdict => {
  const { event, target, state } = change;
  if (isFirstJoin(change)) return ALLOWED;
  if (event.sender !== target) {
    return refused('join.other', 'nobody can be joined to a room by another');
  }
  const membership = membershipOf(event.sender, state);
  if (membership === 'ban') return refused('join.banned', `${target} is banned from the room`);
  return checkJoinRule(change, membership === 'invite' || membership === 'join');
};

/** The creator's join that stands directly behind the create event: no other state is there yet. */
const isFirstJoin = ({ event, target, state, rules }: MembershipChange): boolean => {
  const create = state.get('m.room.create', '');
  return (
    create !== undefined &&
    event.prevEvents.length === 1 &&
    event.prevEvents[0] === create.eventId &&
    creatorOf(create, rules) === target
  );
};

const checkJoinRule = (change: MembershipChange, isExpected: boolean): Verdict => {
  const { rules } = change;
  const joinRule = joinRuleOf(change.state);
  if (joinRule === 'public') return ALLOWED;
  if (joinRule === 'invite' || (joinRule === 'knock' && rules.knocking)) {
    return isExpected ? ALLOWED : refused('join.invite', `${change.target} is not invited`);
  }
  if (
    (joinRule === 'restricted' && rules.restrictedJoins) ||
    (joinRule === 'knock_restricted' && rules.knockRestricted)
  ) {
    return isExpected ? ALLOWED : checkAuthorisingUser(change);
  }
  return refused('join.rule', `the join rule ${JSON.stringify(joinRule)} lets nobody in`);
};

const checkAuthorisingUser = ({ event, state, rules }: MembershipChange): Verdict => {
  const authorising = event.content.join_authorised_via_users_server;
  if (typeof authorising !== 'string') {
    return refused('join.restricted', 'neither invited nor authorised by a user of the room');
  }
  if (membershipOf(authorising, state) !== 'join') {
    return refused('join.authorising-member', `${authorising} is not in the room`);
  }
  return powerLevelOf(authorising, state, rules) >= levelFor('invite', state, rules)
    ? ALLOWED
    : refused('join.authorising-power', `${authorising} may not invite`);
};

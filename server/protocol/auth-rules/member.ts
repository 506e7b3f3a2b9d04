import type { Event } from '../event.ts';
import { isObject } from '../json.ts';
import type { RoomVersionRules } from '../room-versions.ts';
import { checkBan } from './ban.ts';
import { checkInvite } from './invite.ts';
import { checkJoin } from './join.ts';
import { checkKnock } from './knock.ts';
import { checkLeave } from './leave.ts';
import type { MembershipChange } from './membership.ts';
import { ALLOWED, type AuthState, refused, type Verdict } from './verdict.ts';

/** Rule 5 of `m.room.member` (4 in versions 6 to 11). It settles the matter either way. */
export const checkMember = (event: Event, state: AuthState, rules: RoomVersionRules): Verdict => {
  const { stateKey, content } = event;
  if (stateKey === undefined) {
    return refused('member.state-key', 'a member event names the target user in its state key');
  }
  if (content.membership === undefined) {
    return refused('member.membership', 'the content has no membership');
  }
  const signed = checkAuthorisingSignature(event, rules);
  if (!signed.allowed) return signed;
  return checkMembership({ event, target: stateKey, state, rules });
};

const checkMembership = (change: MembershipChange): Verdict => {
  switch (change.event.content.membership) {
    case 'join':
      return checkJoin(change);
    case 'invite':
      return checkInvite(change);
    case 'leave':
      return checkLeave(change);
    case 'ban':
      return checkBan(change);
    case 'knock':
      return change.rules.knocking ? checkKnock(change) : UNKNOWN;
    default:
      return UNKNOWN;
  }
};

const UNKNOWN = refused('member.unknown', 'this membership is unknown in this room version');

/**
 * Rule 5.2 (versions 8 and later): the server of the authorising user has signed. Here is seen that
 * the signature is there; that it is valid needs that server's keys, and was seen on receipt.
 */
const checkAuthorisingSignature = (event: Event, rules: RoomVersionRules): Verdict => {
  const authorising = event.content.join_authorised_via_users_server;
  if (!rules.restrictedJoins || authorising === undefined) return ALLOWED;
  return typeof authorising === 'string' && isSignedBy(event, domainOf(authorising))
    ? ALLOWED
    : refused('member.authorising-signature', "the authorising user's server has not signed");
};

const isSignedBy = ({ pdu }: Event, server: string): boolean =>
  isObject(pdu.signatures) && Object.hasOwn(pdu.signatures, server);

const domainOf = (userId: string): string => userId.slice(userId.indexOf(':') + 1);

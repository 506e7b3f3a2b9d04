import type { Event, StateEvent } from '../event.ts';
import { powerLevelOf, requiredPower } from '../power-levels.ts';
import type { RoomVersionRules } from '../room-versions.ts';
import { checkAliases } from './aliases.ts';
import { checkCreate } from './create.ts';
import { checkFederate } from './federate.ts';
import { checkMember } from './member.ts';
import { membershipOf } from './membership.ts';
import { checkPowerLevels } from './power-levels.ts';
import { checkRedaction } from './redaction.ts';
import { checkThirdPartyInviteEvent } from './third-party-invite.ts';
import { ALLOWED, type AuthState, refused, type Verdict } from './verdict.ts';

/**
 * The authorization rules of the room's version (rooms/v1 to rooms/v12), against one state: that of
 * the event's auth events, that before the event, or the current one. Numbers of rules in these
 * files are those of version 12 where nothing else is said.
 *
 * Of `state` only `m.room.create` and the keys of `authEventKeys` are read. What the event's
 * `auth_events` list itself must be (rule 3) does not depend on a state: see `checkAuthEvents`.
 * Signatures are checked on receipt, before.
 */
export const authorize = (event: Event, state: AuthState, rules: RoomVersionRules): Verdict => {
  if (event.type === 'm.room.create') return checkCreate(event, rules);
  const create = state.get('m.room.create', '');
  if (create === undefined) return refused('room.create', 'the room has no m.room.create');
  const room = checkRoom(event, create, rules);
  if (!room.allowed) return room;
  const federate = checkFederate(event, create);
  if (!federate.allowed) return federate;
  if (event.type === 'm.room.aliases' && rules.aliasesRule) return checkAliases(event);
  if (event.type === 'm.room.member') return checkMember(event, state, rules);
  return authorizeByPower(event, state, rules);
};

/** Rule 2, from version 12 on: an accepted create event whose hash is the room id. */
const checkRoom = (event: Event, create: StateEvent, rules: RoomVersionRules): Verdict =>
  !rules.createIsRoomId || (!create.rejected && create.eventId.slice(1) === event.roomId.slice(1))
    ? ALLOWED
    : refused('room.id', 'the room id is not that of an accepted create event');

/** Rules 6 to 11: what members of the room may send. */
const authorizeByPower = (event: Event, state: AuthState, rules: RoomVersionRules): Verdict => {
  const { type, stateKey, sender } = event;
  if (membershipOf(sender, state) !== 'join') {
    return refused('sender.membership', `${sender} is not in the room`);
  }
  if (type === 'm.room.third_party_invite') return checkThirdPartyInviteEvent(event, state, rules);
  const [required, level] = [
    requiredPower(event, state, rules),
    powerLevelOf(sender, state, rules),
  ];
  if (required > level) {
    return refused('sender.power', `${type} needs the power level ${required}, not ${level}`);
  }
  if (stateKey?.startsWith('@') && stateKey !== sender) {
    return refused('state-key.user', `only ${stateKey} may set state of this state key`);
  }
  if (type === 'm.room.power_levels') return checkPowerLevels(event, state, rules);
  if (type === 'm.room.redaction' && rules.redactionAuthRule) {
    return checkRedaction(event, state, rules);
  }
  return ALLOWED;
};

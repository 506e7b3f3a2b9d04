import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import {
  type EventId,
  type RoomId,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import type { Draft, Origin } from '../draft.ts';
import { inviteElsewhere } from '../elsewhere/invite-elsewhere.ts';
import { joinElsewhere } from '../elsewhere/join-elsewhere.ts';
import { letInElsewhere } from '../elsewhere/let-in-elsewhere.ts';
import { onceMayChange, soonWhole } from '../elsewhere/once-whole.ts';
import { knockElsewhere, leaveElsewhere } from '../elsewhere/pass-outside.ts';
import type { RoomReceiver } from '../receive/room-receiver.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { sendEvent } from '../write/send-event.ts';
import { refuseBlocking } from './blocking.ts';
import { followPredecessor } from './follow-predecessor.ts';
import type { Membership, MembershipChange } from './membership.ts';
import { membershipOf } from './membership.ts';
import { authorisingUser } from './restricted-join.ts';
import { refuseNotices } from './server-notices.ts';
import { givenContent, shownProfile } from './shown-profile.ts';
import { refuseUnreachable } from './unreachable.ts';

/** By whom somebody comes in whom nobody of ours may let in: without it they do not. */
type Moving = Building & { readonly receiver?: RoomReceiver };

/** Changes somebody's membership. The auth rules have the last word; here is what they leave open. */
export async function changeMembership(
  building: Moving,
  roomId: RoomId,
  change: MembershipChange,
  origin: Origin<EventId>,
): Promise<EventId> {
  if (change.action === 'invite') {
    refuseUnreachable(building.ports, [change.target]);
    await refuseBlocking(building.ports, { by: change.sender, invited: [change.target] });
  }
  await refuseBlocked(building, roomId, change);
  await onceMayChange(building, roomId, change);
  const content = await contentOf(building, change);
  const isJoin = change.action === 'join';
  if (isJoin) {
    const entered = await joinElsewhere(building, { roomId, change, content, origin });
    if (entered !== undefined) {
      await soonWhole(building, roomId, change.target);
      return entered;
    }
    await changeRoom(building.rooms, roomId, (room) => followPredecessor(building, room, change));
    const join = { roomId, change, content, origin };
    const letIn = building.receiver && (await letInElsewhere(building, building.receiver, join));
    if (letIn !== undefined) return letIn;
  }
  if (change.action === 'knock') {
    const knocked = await knockElsewhere(building, { roomId, change, content, origin });
    if (knocked !== undefined) return knocked;
  }
  if (change.action === 'leave' && change.sender === change.target) {
    const left = await leaveElsewhere(building, { roomId, change, content, origin });
    if (left !== undefined) return left;
  }
  const { elsewhere } = building.ports;
  if (change.action === 'invite' && elsewhere && !isOurs(building, change.target)) {
    const draft = { ...draftOf(change, content), stateKey: change.target };
    return inviteElsewhere(building, elsewhere.servers, { roomId, draft, origin });
  }
  return sendEvent(building, roomId, origin, async (room) => {
    const more = isJoin ? await authorisingUser(building, room, change) : {};
    return {
      draft: draftOf(change, { ...content, ...more }),
      check: (state) => {
        refuseNotices(building.ports, state, change);
        return already(state, change);
      },
    };
  });
}

const isOurs = ({ ports }: Building, userId: UserId): boolean =>
  serverNameOf(userId) === ports.identity.serverName;

/** Whoever is in the room may stay, and show another name there. */
async function refuseBlocked(
  { blocked, userRooms }: Building,
  roomId: RoomId,
  { action, target }: MembershipChange,
): Promise<void> {
  if (!LETS_IN.has(action) || (await blocked.by(roomId)) === undefined) return;
  const own = (await userRooms.of(target)).get(roomId);
  if (own?.membership !== 'join') throw forbidden('This room has been blocked on this server');
}

const LETS_IN: ReadonlySet<MembershipChange['action']> = new Set(['join', 'invite', 'knock']);

const MEMBERSHIP: { readonly [A in MembershipChange['action']]: Membership } = {
  join: 'join',
  invite: 'invite',
  knock: 'knock',
  leave: 'leave',
  kick: 'leave',
  ban: 'ban',
  unban: 'leave',
};

const draftOf = (
  { sender, target, originServerTs }: MembershipChange,
  content: JsonObject,
): Draft => ({
  sender,
  originServerTs,
  type: 'm.room.member',
  stateKey: target,
  content,
});

/** The profile goes along where the user comes into sight; of oneself one may say something else. */
async function contentOf(
  { ports }: Building,
  { action, sender, target, reason, content }: MembershipChange,
): Promise<JsonObject> {
  const shows = action === 'join' || action === 'invite' || action === 'knock';
  const profile = shows ? await shownProfile(ports, target) : {};
  const given = givenContent(content ?? {});
  return {
    ...(sender === target ? { ...profile, ...given } : { ...given, ...profile }),
    ...(reason !== undefined && { reason }),
    membership: MEMBERSHIP[action],
  };
}

/**
 * The auth rules know `leave` only: whether it is a kick, an unban or going is said by the endpoint.
 * Joining and leaving twice do no harm, and leave a name that was set for this room alone.
 */
function already(state: AuthState, change: MembershipChange): EventId | undefined {
  const { action, target, reason, content, assumes } = change;
  const current = state.get('m.room.member', target);
  const membership = membershipOf(current?.content.membership);
  if (assumes !== undefined && membership !== assumes)
    throw forbidden(`${target} is no longer in the room as before`);
  if (action === 'unban' && membership !== 'ban') throw forbidden(`${target} is not banned`);
  if (action === 'kick' && (membership === undefined || !IN_ROOM.has(membership)))
    throw forbidden(`${target} is not in the room`);
  const isThere = (action === 'join' || action === 'leave') && membership === action;
  return isThere && reason === undefined && content === undefined ? current?.eventId : undefined;
}

const IN_ROOM: ReadonlySet<Membership> = new Set(['join', 'invite', 'knock']);

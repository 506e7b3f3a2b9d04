import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import {
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import { levelFor, powerLevelOf } from '../../protocol/power-levels.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';
import { gather } from '../write/gather.ts';
import type { MembershipChange } from './membership.ts';

/**
 * Joining by membership of another room (Restricted rooms): the join must name a member of this
 * server who could have invited. Empty where that is not the way in; the auth rules then decide.
 */
export async function authorisingUser(
  building: Building,
  room: HotRoom,
  { target }: MembershipChange,
): Promise<JsonObject> {
  const entry = await restrictedEntry(building, room, target);
  return entry.kind === 'authorised' ? { join_authorised_via_users_server: entry.by } : {};
}

export type RestrictedEntry =
  /** The room's membership in others is not what lets them in. */
  | { readonly kind: 'not needed' }
  | { readonly kind: 'authorised'; readonly by: UserId }
  /** They may come in, and nobody of this server could have invited them; but members of these, as far as the power levels name any. */
  | { readonly kind: 'nobody to invite'; readonly elsewhere: readonly ServerName[] }
  | { readonly kind: 'not a member'; readonly allowed: readonly string[] };

export async function restrictedEntry(
  building: Building,
  room: HotRoom,
  target: UserId,
): Promise<RestrictedEntry> {
  if (!room.rules.restrictedJoins) return { kind: 'not needed' };
  const draft = { sender: target, type: 'm.room.member', stateKey: target, content: JOIN };
  const state = await gather(room, draft, { store: building.ports.store, keys: building.keys });
  const allowed = allowedRooms(room, state);
  const membership = state.get('m.room.member', target)?.content.membership;
  if (allowed.length === 0 || membership === 'join' || membership === 'invite')
    return { kind: 'not needed' };
  const own = await building.userRooms.of(target);
  if (!allowed.some((each) => own.get(each as RoomId)?.membership === 'join'))
    return { kind: 'not a member', allowed };
  const by = findInviter(building, room, state);
  if (by !== undefined) return { kind: 'authorised', by };
  const elsewhere = named(state)
    .filter(invitersIn(building, room, state))
    .map(serverNameOf);
  return { kind: 'nobody to invite', elsewhere: [...new Set(elsewhere)] };
}

const JOIN = { membership: 'join' };

function allowedRooms({ rules }: HotRoom, state: AuthState): string[] {
  const { join_rule, allow } = state.get('m.room.join_rules', '')?.content ?? {};
  const isRestricted =
    join_rule === 'restricted' || (join_rule === 'knock_restricted' && rules.knockRestricted);
  if (!isRestricted || !Array.isArray(allow)) return [];
  return allow.flatMap((each) =>
    isObject(each) && each.type === 'm.room_membership' && typeof each.room_id === 'string'
      ? each.room_id
      : [],
  );
}

/** Those with a name in the power levels first: in a large room nobody else may be able to invite. */
function findInviter(building: Building, room: HotRoom, state: AuthState): UserId | undefined {
  const { ports, keys } = building;
  const mayInvite = invitersIn(building, room, state);
  const isOurs = (userId: UserId) => serverNameOf(userId) === ports.identity.serverName;
  const test = (userId: UserId) => isOurs(userId) && mayInvite(userId);
  return named(state).find(test) ?? anyMember(room, keys, test);
}

/** Whether somebody is in the room, and could invite. */
function invitersIn({ keys }: Building, room: HotRoom, state: AuthState) {
  const required = levelFor('invite', state, room.rules);
  return (userId: UserId): boolean => {
    const key = keys.find('m.room.member', userId);
    const isMember = key !== undefined && room.members.get(key.keyNid) === 'join';
    return isMember && powerLevelOf(userId, state, room.rules) >= required;
  };
}

function named(state: AuthState): UserId[] {
  const create = state.get('m.room.create', '');
  const users = state.get('m.room.power_levels', '')?.content.users;
  const additional = create?.content.additional_creators;
  return [
    ...(create ? [create.sender] : []),
    ...(Array.isArray(additional) ? additional : []),
    ...(isObject(users) ? Object.keys(users) : []),
  ].filter((each): each is UserId => typeof each === 'string' && each.startsWith('@'));
}

function anyMember(
  room: HotRoom,
  keys: Building['keys'],
  test: (userId: UserId) => boolean,
): UserId | undefined {
  for (const keyNid of room.members.keys('join')) {
    const userId = keys.byNid(keyNid).stateKey as UserId;
    if (test(userId)) return userId;
  }
  return undefined;
}

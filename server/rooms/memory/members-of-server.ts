import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { Membership } from '../membership/membership.ts';
import type { HotRoom } from './hot-room.ts';
import type { StateKeys } from './state-keys.ts';

export const hasMember = (
  room: HotRoom,
  keys: Pick<StateKeys, 'byNid'>,
  server: ServerName,
  membership: Membership = 'join',
): boolean => membersOf(room, keys, server, [membership]).some(() => true);

/**
 * Whether somebody of this server is joined. Each transaction asks, of its rooms, and the others in a room may be thousands: so
 * one that was found is looked at first.
 */
export function hasOwnMember(
  room: HotRoom,
  keys: Pick<StateKeys, 'byNid'>,
  own: ServerName,
): boolean {
  const { members, ownMember: known } = room;
  if (known?.keyNid !== undefined && members.get(known.keyNid) === 'join') return true;
  if (known?.changes === members.changes) return false;
  const [found] = membersOf(room, keys, own, ['join']);
  room.ownMember = { keyNid: found?.keyNid, changes: members.changes };
  return found !== undefined;
}

/** Those of one server, in the order of the memberships. */
export function* membersOf(
  room: HotRoom,
  keys: Pick<StateKeys, 'byNid'>,
  server: ServerName,
  memberships: readonly Membership[],
): Generator<{ userId: UserId; keyNid: number }> {
  for (const membership of memberships)
    for (const keyNid of room.members.keys(membership)) {
      const userId = keys.byNid(keyNid).stateKey as UserId;
      if (userId.endsWith(server) && serverNameOf(userId) === server) yield { userId, keyNid };
    }
}

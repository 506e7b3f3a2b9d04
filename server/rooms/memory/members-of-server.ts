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

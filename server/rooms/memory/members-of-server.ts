import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { Membership } from '../membership/membership.ts';
import type { HotRoom } from './hot-room.ts';
import type { FoundMember } from './members.ts';
import type { StateKeys } from './state-keys.ts';

export const hasMember = (
  room: HotRoom,
  keys: Pick<StateKeys, 'byNid'>,
  server: ServerName,
  membership: Membership = 'join',
): boolean => membersOf(room, keys, server, [membership]).some(() => true);

/** Whether somebody of this server is joined. Each transaction asks, of its rooms. */
export function hasOwnMember(
  room: HotRoom,
  keys: Pick<StateKeys, 'byNid'>,
  own: ServerName,
): boolean {
  room.ownMember = memberFound(room, keys, own, room.ownMember);
  return room.ownMember.keyNid !== undefined;
}

/** For who asks often: the others in a room may be thousands, so one that was found before is looked at first. */
export function memberFound(
  room: HotRoom,
  keys: Pick<StateKeys, 'byNid'>,
  server: ServerName,
  known: FoundMember | undefined,
): FoundMember {
  return lookedFor(room, known, () => membersOf(room, keys, server, ['join']));
}

/** Whether somebody of another server is joined: where nobody is, nobody has more of the room than is here. */
export function hasStranger(
  room: HotRoom,
  keys: Pick<StateKeys, 'byNid'>,
  own: ServerName,
): boolean {
  room.stranger = lookedFor(room, room.stranger, () => strangersIn(room, keys, own));
  return room.stranger.keyNid !== undefined;
}

function lookedFor(
  { members }: HotRoom,
  known: FoundMember | undefined,
  look: () => Iterable<{ readonly keyNid: number }>,
): FoundMember {
  const { changes } = members;
  if (known?.keyNid !== undefined && members.get(known.keyNid) === 'join') return known;
  if (known?.changes === changes) return { keyNid: undefined, changes };
  const [found] = look();
  return { keyNid: found?.keyNid, changes };
}

function* strangersIn(room: HotRoom, keys: Pick<StateKeys, 'byNid'>, own: ServerName) {
  for (const keyNid of room.members.keys('join'))
    if (serverNameOf(keys.byNid(keyNid).stateKey as UserId) !== own) yield { keyNid };
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

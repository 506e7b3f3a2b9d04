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
export const memberFound = (
  room: HotRoom,
  keys: Pick<StateKeys, 'byNid'>,
  server: ServerName,
  known: FoundMember | undefined,
): FoundMember => lookedFor(room, known, (keyNid) => userOf(keyNid, keys, server) !== undefined);

/** Whether somebody of another server is joined: where nobody is, nobody has more of the room than is here. */
export function hasStranger(
  room: HotRoom,
  keys: Pick<StateKeys, 'byNid'>,
  own: ServerName,
): boolean {
  const isOne = (keyNid: number) => userOf(keyNid, keys, own) === undefined;
  room.stranger = lookedFor(room, room.stranger, isOne);
  return room.stranger.keyNid !== undefined;
}

/** Where nobody was one, only those can be whose membership has become another since. */
function lookedFor(
  { members }: HotRoom,
  known: FoundMember | undefined,
  isOne: (keyNid: number) => boolean,
): FoundMember {
  const { changes } = members;
  if (known?.keyNid !== undefined && members.get(known.keyNid) === 'join') return known;
  if (known?.changes === changes) return { keyNid: undefined, changes };
  const changed = known && known.keyNid === undefined && members.changedSince(known.changes);
  const keyNid = changed
    ? changed.find((each) => members.get(each) === 'join' && isOne(each))
    : members.keys('join').find(isOne);
  if (keyNid === undefined) members.noteChanges();
  return { keyNid, changes };
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
      const userId = userOf(keyNid, keys, server);
      if (userId !== undefined) yield { userId, keyNid };
    }
}

/** Undefined where it is one of another server. */
function userOf(
  keyNid: number,
  keys: Pick<StateKeys, 'byNid'>,
  server: ServerName,
): UserId | undefined {
  const userId = keys.byNid(keyNid).stateKey as UserId;
  return userId.endsWith(server) && serverNameOf(userId) === server ? userId : undefined;
}

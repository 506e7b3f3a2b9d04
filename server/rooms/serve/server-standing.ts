import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import { KINDS, type Membership } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { RoomReads } from '../read/room-reads.ts';

/** What a server is in a room: by the memberships of its users, whoever they are. */
export interface ServerStanding {
  readonly server: ServerName;
  /** One of its users is joined. */
  readonly isIn: boolean;
  /** Position of the newest join of its users; Infinity while one is in, 0 where none ever was. */
  readonly lastJoin: number;
}

/** Of a server with more users in one room no more are looked at. */
const USERS_MAX = 1_000;

export async function standingOf(
  room: HotRoom,
  reads: RoomReads,
  server: ServerName,
): Promise<ServerStanding> {
  for (const _member of membersOf(room, reads.keys, server, ['join']))
    return { server, isIn: true, lastJoin: Number.POSITIVE_INFINITY };
  const users = firstMembers(room, reads.keys, server).map(({ userId }) => userId);
  const lastJoin = users.length === 0 ? 0 : await reads.store.lastJoinOf(users, room.nid);
  return { server, isIn: false, lastJoin };
}

/** The nearest to being in the room that any of its users is. */
export function membershipOfServer(
  room: HotRoom,
  keys: StateKeys,
  server: ServerName,
): 'join' | 'invite' | undefined {
  for (const membership of ['join', 'invite'] as const)
    for (const _member of membersOf(room, keys, server, [membership])) return membership;
  return undefined;
}

/** Those who are joined first. */
export function firstMembers(room: HotRoom, keys: StateKeys, server: ServerName) {
  return membersOf(room, keys, server, KINDS).take(USERS_MAX).toArray();
}

function* membersOf(
  room: HotRoom,
  keys: StateKeys,
  server: ServerName,
  memberships: readonly Membership[],
): Generator<{ userId: UserId; keyNid: number }> {
  for (const membership of memberships)
    for (const keyNid of room.members.keys(membership)) {
      const userId = keys.byNid(keyNid).stateKey as UserId;
      if (userId.endsWith(server) && serverNameOf(userId) === server) yield { userId, keyNid };
    }
}

import type { ServerName } from '../../protocol/identifiers.ts';
import { KINDS } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { hasMember, membersOf } from '../memory/members-of-server.ts';
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
  if (hasMember(room, reads.keys, server))
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
  const nearest = ['join', 'invite'] as const;
  return nearest.find((membership) => hasMember(room, keys, server, membership));
}

/** Those who are joined first. */
export function firstMembers(room: HotRoom, keys: StateKeys, server: ServerName) {
  return membersOf(room, keys, server, KINDS).take(USERS_MAX).toArray();
}

import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { StateKeys } from '../memory/state-keys.ts';

/** Whose users are in the room, those with most of them first. */
export function serversInRoom(room: HotRoom, keys: Pick<StateKeys, 'byNid'>): ServerName[] {
  const counts = new Map<ServerName, number>();
  for (const keyNid of room.members.keys('join')) {
    const name = serverNameOf(keys.byNid(keyNid).stateKey as UserId);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one).map(([name]) => name);
}

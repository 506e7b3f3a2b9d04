import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { StateKeys } from '../memory/state-keys.ts';

/** As many as name a room that has no name (Client-server API, `m.heroes`). */
const HEROES_MAX = 5;

/** What a server begins with that takes the members later: the state without them, but for those who name the room. */
export async function fewMembers(
  room: HotRoom,
  keys: StateKeys,
  state: ReadonlyMap<number, number>,
): Promise<number[]> {
  await keys.learnNids([...state.keys()]);
  const isMember = (keyNid: number) => keys.byNid(keyNid).type === 'm.room.member';
  const others = [...state].filter(([keyNid]) => !isMember(keyNid));
  const isNamed = ['m.room.name', 'm.room.canonical_alias'].some((type) => {
    const key = keys.find(type, '');
    return key !== undefined && state.has(key.keyNid);
  });
  const heroes = isNamed ? [] : heroesIn(room, state);
  return [...others.map(([, nid]) => nid), ...heroes];
}

function heroesIn(room: HotRoom, state: ReadonlyMap<number, number>): number[] {
  const nids: number[] = [];
  for (const membership of ['join', 'invite'] as const)
    for (const keyNid of room.members.keys(membership)) {
      const nid = state.get(keyNid);
      if (nid !== undefined && nids.push(nid) === HEROES_MAX) return nids;
    }
  return nids;
}

/** The servers of all who are joined, without this one. */
export function serversIn(room: HotRoom, keys: StateKeys, without: UserId): ServerName[] {
  const servers = new Set<ServerName>();
  for (const keyNid of room.members.keys('join')) {
    const userId = keys.byNid(keyNid).stateKey as UserId;
    if (userId !== without) servers.add(serverNameOf(userId));
  }
  return [...servers];
}

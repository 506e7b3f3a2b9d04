import type { UserId } from '../protocol/identifiers.ts';
import { powerLevelOf, requiredPower } from '../protocol/power-levels.ts';
import type { HotRoom } from './memory/hot-room.ts';
import type { Building } from './write/building.ts';
import { gather } from './write/gather.ts';

/** Whoever may say how a room is called may remove its other names, and publish it. */
export async function maySetCanonicalAlias(
  { ports, keys }: Pick<Building, 'ports' | 'keys'>,
  room: HotRoom,
  userId: UserId,
): Promise<boolean> {
  const wish = { sender: userId, type: 'm.room.canonical_alias', stateKey: '', content: {} };
  const state = await gather(room, wish, { store: ports.store, keys });
  return (
    state.get('m.room.member', userId)?.content.membership === 'join' &&
    powerLevelOf(userId, state, room.rules) >= requiredPower(wish, state, room.rules)
  );
}

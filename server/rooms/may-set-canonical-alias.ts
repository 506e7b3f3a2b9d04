import type { AuthState } from '../protocol/auth-rules/verdict.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { powerLevelOf, requiredPower } from '../protocol/power-levels.ts';
import type { HotRoom } from './memory/hot-room.ts';
import type { Building } from './write/building.ts';
import { gather } from './write/gather.ts';

export const CANONICAL_ALIAS = { type: 'm.room.canonical_alias', stateKey: '' } as const;

/** What the room calls itself, with what says whether this user may change it. */
export const canonicalAliasState = (
  { ports, keys }: Pick<Building, 'ports' | 'keys'>,
  room: HotRoom,
  userId: UserId,
): Promise<AuthState> => gather(room, wishOf(userId), { store: ports.store, keys });

/** Whoever may say how a room is called may remove its other names, and publish it. */
export function maySetCanonicalAlias(
  state: AuthState,
  { rules }: HotRoom,
  userId: UserId,
): boolean {
  return (
    state.get('m.room.member', userId)?.content.membership === 'join' &&
    powerLevelOf(userId, state, rules) >= requiredPower(wishOf(userId), state, rules)
  );
}

const wishOf = (sender: UserId) => ({ sender, ...CANONICAL_ALIAS, content: {} });

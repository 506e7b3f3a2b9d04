import type { UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import { powerLevelOf, requiredPower } from '../../protocol/power-levels.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { powerState } from '../../rooms/read/power-state.ts';
import type { Room } from '../../rooms/room.ts';

/** Who may give power in a room, and what a member would have to get for the same. */
export interface Granting {
  readonly by: UserId;
  /** The power levels as they would be then. */
  readonly content: JsonObject;
}

const ADMIN_LEVEL = 100;

/** Undefined where nobody of this server who is in the room may change its power levels. */
export async function grantingTo(
  room: Room,
  userId: UserId,
  isLocal: (userId: UserId) => boolean,
): Promise<Granting | undefined> {
  const rules = rulesOf(room.version);
  if (!rules) return undefined;
  const state = await powerState(room);
  const levelOf = (member: UserId) => powerLevelOf(member, state, rules);
  const needed = requiredPower({ type: 'm.room.power_levels', stateKey: '' }, state, rules);
  const able = [...room.members('join')].filter((each) => isLocal(each) && levelOf(each) >= needed);
  const [by] = able.sort((one, other) => (levelOf(other) > levelOf(one) ? 1 : -1));
  if (by === undefined) return undefined;
  const content = state.get('m.room.power_levels', '')?.content ?? {};
  // Creators who stand above every level: the rules of their rooms refuse them in the list.
  if (levelOf(userId) === Number.POSITIVE_INFINITY) return { by, content };
  const level = Math.min(levelOf(by), Math.max(ADMIN_LEVEL, needed));
  const users = isObject(content.users) ? content.users : {};
  return { by, content: { ...content, users: { ...users, [userId]: level } } };
}

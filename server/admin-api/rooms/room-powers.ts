import type { UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
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
  const content = (await room.stateEvent('m.room.power_levels', ''))?.content ?? {};
  const users = isObject(content.users) ? content.users : {};
  const creators = await creatorsOf(room);
  const levelOf = (member: UserId): number =>
    creators.has(member)
      ? Number.POSITIVE_INFINITY
      : number(users[member] ?? content.users_default);
  const needed = neededIn(content);
  const able = [...room.members('join')].filter((each) => isLocal(each) && levelOf(each) >= needed);
  const [by] = able.sort((one, other) => (levelOf(other) > levelOf(one) ? 1 : -1));
  if (by === undefined) return undefined;
  // The rules of their rooms refuse creators in the list.
  if (creators.has(userId)) return { by, content };
  const level = Math.min(levelOf(by), Math.max(ADMIN_LEVEL, needed));
  return { by, content: { ...content, users: { ...users, [userId]: level } } };
}

/** Those of a room of version 12 have all power, and stand in no list. */
async function creatorsOf(room: Room): Promise<ReadonlySet<string>> {
  const create = await room.stateEvent('m.room.create', '');
  const additional = create?.content.additional_creators;
  const hasLevels = (await room.stateEvent('m.room.power_levels', '')) !== undefined;
  const isAlways = Number(room.version) >= 12;
  if (!create || (hasLevels && !isAlways)) return new Set();
  return new Set([create.sender, ...(isAlways && Array.isArray(additional) ? additional : [])]);
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

function neededIn(content: JsonObject): number {
  const events = isObject(content.events) ? content.events : {};
  const own = events['m.room.power_levels'] ?? content.state_default;
  return typeof own === 'number' ? own : 50;
}

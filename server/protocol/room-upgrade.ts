import type { StateEvent } from './event.ts';
import { without } from './hashes.ts';
import { hasUserIdForm } from './identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { LEVEL_NAMES, parsePowerLevel } from './power-levels.ts';
import type { RoomVersionRules } from './room-versions.ts';

/** The state that moves to the new room (Room upgrades, "Server behaviour", 3). */
export const TRANSFERABLE_STATE: readonly string[] = [
  'm.room.server_acl',
  'm.room.encryption',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
  'm.room.guest_access',
  'm.room.history_visibility',
  'm.room.join_rules',
  'm.room.power_levels',
];

export interface Upgrade {
  readonly oldCreate: StateEvent;
  /** The last event of the old room that the server knows; since version 12 it is not told (MSC4291). */
  readonly lastEventId: string | undefined;
  readonly newVersion: string;
  /** Where the new version knows them; those of the old room are not carried over. */
  readonly additionalCreators: readonly string[];
}

/** The content of the new room's create event. */
export function upgradedCreateContent(upgrade: Upgrade): JsonObject {
  const { oldCreate, lastEventId, newVersion, additionalCreators } = upgrade;
  const { creator: _, additional_creators: __, ...kept } = oldCreate.content;
  return {
    ...kept,
    room_version: newVersion,
    predecessor: {
      room_id: oldCreate.roomId,
      ...(lastEventId !== undefined && { event_id: lastEventId }),
    },
    ...(additionalCreators.length > 0 && { additional_creators: additionalCreators }),
  };
}

export const tombstoneContent = (replacementRoom: string, body: string): JsonObject => ({
  body,
  replacement_room: replacementRoom,
});

/** Who stands above the power levels of a room, or did. */
export interface Creators {
  readonly old: readonly string[];
  readonly new: readonly string[];
}

/**
 * The old room's power levels as the new version may hold them: integers, whatever they were written
 * as; and the creators of a version that puts them above all levels keep the highest level in one
 * that knows none, and are not named in one that does (version 12).
 */
export function carriedPowerLevels(
  content: JsonObject,
  { oldRules, creators }: { oldRules: RoomVersionRules; creators: Creators },
): JsonObject {
  const level = (value: JsonValue | undefined) => parsePowerLevel(value, oldRules);
  const carried = { ...without(content, LEVEL_NAMES), ...levelsIn(content, level) };
  const events = integers(content.events, level);
  const notifications = integers(content.notifications, level);
  const named = Object.entries(integers(content.users, level)).filter(([id]) => hasUserIdForm(id));
  const highest = highestLevel({
    ...carried,
    events,
    notifications,
    users: Object.fromEntries(named),
  });
  const users = new Map(named);
  for (const creator of creators.old) users.set(creator, highest);
  for (const creator of creators.new) users.delete(creator);
  return {
    ...carried,
    ...(content.events !== undefined && { events }),
    ...(content.notifications !== undefined && { notifications }),
    users: Object.fromEntries(users),
  };
}

/** What it takes to set all these levels, and at least what a creator has. */
export function highestLevel(powerLevels: JsonObject): number {
  const { events, notifications, users, ...levels } = powerLevels as Levels;
  const all = [levels, events, notifications, users].flatMap((each) =>
    isObject(each) ? Object.values(each) : [],
  );
  return all.reduce<number>((a, b) => (typeof b === 'number' && b > a ? b : a), CREATOR_LEVEL);
}

const CREATOR_LEVEL = 100;

type Levels = Record<string, JsonObject[string]>;
type ReadLevel = (value: JsonValue | undefined) => number | undefined;

/** Undefined for what is no level: it is left out, and the default holds as it did before. */
const levelsIn = (content: JsonObject, level: ReadLevel): Record<string, number> =>
  integers(Object.fromEntries(LEVEL_NAMES.flatMap((name) => pick(content, name))), level);

const pick = (content: JsonObject, name: string): [string, JsonValue][] =>
  content[name] === undefined ? [] : [[name, content[name]]];

const integers = (entries: JsonValue | undefined, level: ReadLevel): Record<string, number> =>
  isObject(entries)
    ? Object.fromEntries(
        Object.entries(entries).flatMap(([key, value]) => {
          const read = level(value);
          return read === undefined ? [] : [[key, read] as const];
        }),
      )
    : {};

/** The old room's power levels afterwards: nobody ordinary speaks or invites there any more. */
export function closedPowerLevels(powerLevels: JsonObject): JsonObject {
  const closed = Math.max(50, integer(powerLevels.users_default, 0) + 1);
  return {
    ...powerLevels,
    events_default: Math.max(integer(powerLevels.events_default, 0), closed),
    invite: Math.max(integer(powerLevels.invite, 0), closed),
  };
}

/** Rooms before version 10 may hold their levels as strings. */
function integer(value: JsonValue | undefined, otherwise: number): number {
  const number = typeof value === 'string' ? Number.parseInt(value, 10) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : otherwise;
}

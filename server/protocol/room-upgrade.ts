import type { Event } from './event.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';

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
  readonly oldCreate: Event;
  /** The last event of the old room that the server knows; later clients do without it. */
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

/** In a room whose creators have infinite power they may not be named in `users` (version 12). */
export function withoutCreators(powerLevels: JsonObject, creators: readonly string[]): JsonObject {
  if (!isObject(powerLevels.users)) return powerLevels;
  const users = Object.entries(powerLevels.users).filter(([user]) => !creators.includes(user));
  return { ...powerLevels, users: Object.fromEntries(users) };
}

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

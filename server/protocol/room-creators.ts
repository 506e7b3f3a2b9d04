import type { StateEvent } from './event.ts';
import type { JsonValue } from './json.ts';
import type { RoomVersionRules } from './room-versions.ts';

/**
 * The one who made the room: the sender of `m.room.create` from version 11 on, before that whom its
 * content names, which may be nobody that could be a user.
 */
export const creatorOf = (create: StateEvent, rules: RoomVersionRules): JsonValue | undefined =>
  rules.implicitRoomCreator ? create.sender : create.content.creator;

/** Room version 12: the sender of `m.room.create` and its `additional_creators`, above every level. */
export const creatorsOf = (create: StateEvent): string[] => {
  const additional = create.content.additional_creators;
  return [create.sender, ...(Array.isArray(additional) ? additional.filter(isText) : [])];
};

const isText = (value: JsonValue): value is string => typeof value === 'string';

/** One of them. */
export const isAmongCreators = (create: StateEvent, userId: string): boolean => {
  if (create.sender === userId) return true;
  const additional = create.content.additional_creators;
  return Array.isArray(additional) && additional.includes(userId);
};

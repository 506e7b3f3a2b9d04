import { filterOf, isWildcard, roomsOf as roomTest } from '../../../protocol/event-filter.ts';
import { parseRoomId, parseUserId } from '../../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../../protocol/json.ts';
import type { RelatedBy } from '../../../rooms/room.ts';
import { InvalidFilter } from './invalid-filter.ts';

/** What a filter looks at. Ephemeral events and account data have no sender. */
export interface Filterable {
  readonly type: string;
  readonly sender?: string | undefined;
  readonly content?: JsonObject | undefined;
}

/** A `RoomEventFilter` of the specification, ready to be asked; an `EventFilter` is one with less in it. */
export interface EventFilter {
  readonly limit: number | undefined;
  /** Nothing can pass: what it would filter need not be loaded. */
  readonly admitsNothing: boolean;
  readonly lazyLoadMembers: boolean;
  readonly includeRedundantMembers: boolean;
  readonly unreadThreadNotifications: boolean;
  /** What must relate to an event besides; the database knows. */
  readonly relatedBy: RelatedBy | undefined;
  admits(event: Filterable): boolean;
  admitsRoom(roomId: string): boolean;
}

/** Whoever asks for more in one answer would hold up everybody else's. */
const LIMIT_MAX = 1_000;
const NAMES_MAX = 2_000;
/** Each type that occurs is compared with all of them, character by character. */
const WILDCARDS_MAX = 50;
const WILDCARD_CHARACTERS_MAX = 1_000;

export function eventFilter(json: JsonValue | undefined): EventFilter {
  const filter = objectOf(json, 'an event filter');
  const relatedBy = relatedByOf(filter);
  const lists = {
    types: typesOf(filter, 'types'),
    not_types: typesOf(filter, 'not_types'),
    senders: idsOf(filter, 'senders', parseUserId),
    not_senders: idsOf(filter, 'not_senders', parseUserId),
    contains_url: booleanOf(filter, 'contains_url'),
  };
  const admitsAll = Object.values(lists).every((each) => each === undefined);
  const admits = filterOf(lists);
  return {
    limit: limitOf(filter),
    admitsNothing: [lists.types, lists.senders, relatedBy?.relTypes, relatedBy?.senders].some(
      (list) => list?.length === 0,
    ),
    relatedBy,
    lazyLoadMembers: booleanOf(filter, 'lazy_load_members') ?? false,
    includeRedundantMembers: booleanOf(filter, 'include_redundant_members') ?? false,
    unreadThreadNotifications: booleanOf(filter, 'unread_thread_notifications') ?? false,
    admits: admitsAll
      ? () => true
      : ({ type, sender, content = {} }) => admits({ type, sender, content }),
    admitsRoom: roomsOf(filter),
  };
}

/** The `rooms` and `not_rooms` of a filter. */
export function roomsOf(filter: JsonObject): (roomId: string) => boolean {
  return roomTest({
    rooms: idsOf(filter, 'rooms', parseRoomId),
    not_rooms: idsOf(filter, 'not_rooms', parseRoomId),
  });
}

function relatedByOf(filter: JsonObject): RelatedBy | undefined {
  const relTypes = stringsOf(filter, 'related_by_rel_types');
  const senders = idsOf(filter, 'related_by_senders', parseUserId);
  return relTypes === undefined && senders === undefined ? undefined : { relTypes, senders };
}

function limitOf(filter: JsonObject): number | undefined {
  const { limit } = filter;
  if (limit === undefined || limit === null) return undefined;
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0)
    throw new InvalidFilter('limit must be a whole number, 0 or above');
  return Math.min(limit, LIMIT_MAX);
}

export function objectOf(value: JsonValue | undefined, what: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new InvalidFilter(`${what} must be an object`);
  return value;
}

export function booleanOf(filter: JsonObject, key: string): boolean | undefined {
  const value = filter[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw new InvalidFilter(`${key} must be true or false`);
  return value;
}

function idsOf(
  filter: JsonObject,
  key: string,
  parse: (text: string) => { readonly ok: boolean },
): readonly string[] | undefined {
  const ids = stringsOf(filter, key);
  const wrong = ids?.find((id) => !parse(id).ok);
  if (wrong !== undefined)
    throw new InvalidFilter(`${key} must be a list of ids, which ${JSON.stringify(wrong)} is not`);
  return ids;
}

export function stringsOf(filter: JsonObject, key: string): readonly string[] | undefined {
  const value = filter[key];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
    throw new InvalidFilter(`${key} must be a list of strings`);
  if (value.length > NAMES_MAX)
    throw new InvalidFilter(`${key} must be a list of at most ${NAMES_MAX}`);
  return value as readonly string[];
}

function typesOf(filter: JsonObject, key: string): readonly string[] | undefined {
  const types = stringsOf(filter, key);
  const wildcards = types?.filter(isWildcard) ?? [];
  const characters = wildcards.reduce((sum, each) => sum + each.length, 0);
  if (wildcards.length > WILDCARDS_MAX || characters > WILDCARD_CHARACTERS_MAX)
    throw new InvalidFilter(
      `${key} must have at most ${WILDCARDS_MAX} types with a *, of ${WILDCARD_CHARACTERS_MAX} characters together`,
    );
  return types;
}

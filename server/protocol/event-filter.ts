import { wildcardMatches } from './glob.ts';
import type { JsonObject } from './json.ts';

/** What EventFilter and RoomEventFilter have in common. A list that is absent includes everything. */
export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly not_types?: readonly string[] | undefined;
  readonly senders?: readonly string[] | undefined;
  readonly not_senders?: readonly string[] | undefined;
  readonly rooms?: readonly string[] | undefined;
  readonly not_rooms?: readonly string[] | undefined;
  readonly contains_url?: boolean | undefined;
}

export interface Filtered {
  readonly type: string;
  readonly sender?: string | undefined;
  readonly roomId?: string | undefined;
  readonly content: JsonObject;
}

/** What a `not_` list names is left out even where the other list names it too. */
export function filterAllows(filter: EventFilter, event: Filtered): boolean {
  const byType = (pattern: string) => wildcardMatches(pattern, event.type);
  if (filter.not_types?.some(byType)) return false;
  if (filter.types !== undefined && !filter.types.some(byType)) return false;
  if (!roomAllowed(filter, event.roomId)) return false;
  if (event.sender !== undefined && filter.not_senders?.includes(event.sender)) return false;
  if (filter.senders !== undefined && !filter.senders.includes(event.sender ?? '')) return false;
  return filter.contains_url === undefined || filter.contains_url === hasUrl(event.content);
}

export function roomAllowed(
  filter: Pick<EventFilter, 'rooms' | 'not_rooms'>,
  roomId: string | undefined,
): boolean {
  if (roomId === undefined) return true;
  if (filter.not_rooms?.includes(roomId)) return false;
  return filter.rooms === undefined || filter.rooms.includes(roomId);
}

const hasUrl = (content: JsonObject): boolean => Object.hasOwn(content, 'url');

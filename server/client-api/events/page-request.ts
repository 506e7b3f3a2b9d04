import { z } from 'zod';
import { wholeNumber } from '../../http/fields.ts';
import { badJson, invalidParam } from '../../http/matrix-error.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { decodePaginationToken } from '../../rooms/pagination-token.ts';
import type { Room } from '../../rooms/room.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import type { SeenEvent } from '../../rooms/seen-event.ts';
import type { Place } from '../../rooms/store.ts';
import { type EventFilter, eventFilter } from '../../sync/v3/filter/event-filter.ts';
import { InvalidFilter } from '../../sync/v3/filter/invalid-filter.ts';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 1_000;

/** More is cut down, not refused: clients ask for any number. */
export const limitField = wholeNumber
  .optional()
  .transform((limit = LIMIT_DEFAULT) => Math.min(limit, LIMIT_MAX));

/** In a query string: a RoomEventFilter as JSON. */
export const filterField = z
  .string()
  .optional()
  .transform((text) => filterOf(text));

/** Of a page of a room's history. */
export const pageFields = {
  from: z.string().optional(),
  to: z.string().optional(),
  // The specification asks for it, and clients leave it out.
  dir: z.enum(['b', 'f']).default('f'),
  limit: limitField,
  filter: filterField,
};

type PageFields = z.output<z.ZodObject<typeof pageFields>>;

export interface PageFilter extends EventFilter {
  readonly types: readonly string[] | undefined;
  readonly senders: readonly string[] | undefined;
  readonly rooms: readonly RoomId[] | undefined;
  readonly notRooms: readonly RoomId[];
}

export const wantedIn =
  (filter: PageFilter, roomId: string) =>
  (event: RoomEvent): boolean =>
    !filter.admitsNothing && filter.admitsRoom(roomId) && filter.admits(event);

/** What a page is asked for: between two tokens of either kind (D2), or from the end that it begins at without one. */
export async function stretchOf(
  room: Room,
  { from, to, dir }: Pick<PageFields, 'from' | 'to' | 'dir'>,
  edge: () => Place | Promise<Place>,
): Promise<{ readonly from: Place; readonly to: Place | undefined }> {
  const upper: PlaceAt = (position) => room.upperEdge(position);
  const lower: PlaceAt = (position) => room.lowerEdge(position);
  const [first, last] = dir === 'b' ? [upper, lower] : [lower, upper];
  return {
    from: from ? await placeOf(from, 'from', first) : await edge(),
    to: to ? await placeOf(to, 'to', last) : undefined,
  };
}

type PlaceAt = (position: number) => Promise<Place>;

/** A token of either kind as a place in the room; `placeAt` says which one a position of the log is. */
export async function placeOf(text: string, name: string, placeAt: PlaceAt): Promise<Place> {
  const token = decodePaginationToken(text);
  if (!token) throw invalidParam(`${name} is not a token of this server`);
  return token.kind === 'topological' ? token.place : placeAt(token.position);
}

/** With lazy loading the membership events of the senders, as of the newest event shown. */
export async function sendersOf(
  room: Room,
  events: readonly SeenEvent[],
): Promise<readonly RoomEvent[]> {
  const newest = events.reduce<RoomEvent | undefined>(
    (found, { event }) => (found && isBehind(found, event) ? found : event),
    undefined,
  );
  if (!newest) return [];
  const senders = new Set(events.map(({ event }) => event.sender));
  return room.stateEventsAfter(
    newest,
    [...senders].map((sender) => ['m.room.member', sender] as const),
  );
}

const isBehind = (a: Place, b: Place): boolean =>
  a.depth > b.depth || (a.depth === b.depth && a.nid > b.nid);

const filterOf = (text: string | undefined): PageFilter =>
  pageFilter(text === undefined || text === '' ? {} : parse(text));

export function pageFilter(json: JsonObject): PageFilter {
  try {
    return {
      ...eventFilter(json),
      ...{ types: strings(json.types), senders: strings(json.senders) },
      // They are ids, or the filter above is refused.
      rooms: strings(json.rooms) as RoomId[] | undefined,
      notRooms: (strings(json.not_rooms) ?? []) as RoomId[],
    };
  } catch (error) {
    if (error instanceof InvalidFilter) throw badJson(error.message);
    throw error;
  }
}

function parse(text: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidParam('filter is not JSON');
  }
  if (!isObject(value)) throw invalidParam('filter is not an object');
  return value;
}

const strings = (value: JsonValue | undefined): string[] | undefined =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined;

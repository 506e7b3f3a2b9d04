import type { RoomId, UserId } from '../protocol/identifiers.ts';
import type { RoomMembership } from '../rooms/membership/membership.ts';
import type { IgnoredBy } from '../rooms/ports.ts';
import type { Room } from '../rooms/room.ts';
import type { RoomEvent } from '../rooms/room-event.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { SeenEvent } from '../rooms/seen-event.ts';
import type { Database } from '../storage/database.ts';
import { type FoundEvent, type TextQuery, textQuery } from '../storage/search/found-events.ts';
import { SEARCH_KEYS, type SearchKey } from '../storage/search/search-documents.ts';
import type { SearchLanguage } from '../storage/search/search-languages.ts';
import { highlightsOf } from './highlights-of.ts';
import { newestFound } from './newest-found.ts';
import { searchTerm } from './search-term.ts';
import { seenAmong } from './seen-among.ts';
import { withPredecessors } from './with-predecessors.ts';

export { SEARCH_KEYS };

export interface SearchPorts {
  /** Connections of their own: a search that is slow keeps nobody else waiting. */
  readonly database: Database;
  readonly languages: readonly SearchLanguage[];
  readonly rooms: Pick<Rooms, 'open' | 'openAll' | 'roomsOf'>;
  readonly ignoredBy: IgnoredBy;
  /** The highest number that an event may have. */
  readonly lastNid: () => number;
}

export interface SearchRequest {
  readonly userId: UserId;
  readonly term: string;
  readonly keys: readonly SearchKey[];
  readonly orderBy: 'recent' | 'rank';
  readonly limit: number;
  /** Of a page behind the first. */
  readonly from: SearchPlace | undefined;
  /** Those named, and their predecessors; undefined for all. */
  readonly onlyRooms: readonly RoomId[] | undefined;
  readonly notRooms: readonly RoomId[];
  readonly admits: (event: RoomEvent) => boolean;
  /** Where they are named: spares looking at what others say. */
  readonly senders: readonly string[] | undefined;
}

/** Among those that are found up to a number, just behind one of them. */
export interface SearchPlace {
  readonly upTo: number;
  readonly behind: Found | undefined;
  /** As it was told with the first page. */
  readonly count: number;
}

export interface Hit {
  readonly room: Room;
  readonly seen: SeenEvent;
  readonly rank: number;
  /** Among those up to which it was found. */
  readonly upTo: number;
}

export interface SearchResults {
  readonly hits: readonly Hit[];
  readonly count: number;
  /** Words as they are written in what was found. */
  readonly highlights: readonly string[];
  /** Undefined where there is nothing further. */
  readonly next: SearchPlace | undefined;
}

type Found = Pick<FoundEvent, 'nid' | 'rank'>;

/** So many of the newest that match are ordered by their rank; older ones come behind all of them. */
export const RANKED_MAX = 1_000;
const LOOKED_AT_ONCE = 50;
/** For one answer, where visibility or the filter lets little through. */
const ROUNDS_MAX = 3;

const NOTHING: SearchResults = { hits: [], count: 0, highlights: [], next: undefined };

/** What the user may see of what matches, in all rooms that they are or were in and have not forgotten. */
export async function search(ports: SearchPorts, request: SearchRequest): Promise<SearchResults> {
  const { database, languages } = ports;
  const query = await textQuery(database, languages, searchTerm(request.term));
  const memberships = await membershipsOf(ports, request);
  if (query === undefined || memberships.length === 0) return NOTHING;
  const page = await pageOf(ports, request, { query, memberships });
  const events = page.hits.map(({ seen }) => seen.event);
  return { ...page, highlights: await highlightsOf(ports, query, events) };
}

async function membershipsOf(
  { rooms }: SearchPorts,
  { userId, onlyRooms, notRooms }: SearchRequest,
): Promise<RoomMembership[]> {
  const own = await rooms.roomsOf(userId);
  const named = onlyRooms?.filter((roomId) => own.has(roomId));
  const only = named && (await withPredecessors(rooms, named));
  const not = new Set(notRooms);
  return [...own.values()].filter(
    ({ forgotten, roomId }) => !forgotten && !not.has(roomId) && (only?.has(roomId) ?? true),
  );
}

type Page = Omit<SearchResults, 'highlights'>;

/** A page that is full names another one, whether or not that will hold anything: nobody looked. */
async function pageOf(
  ports: SearchPorts,
  request: SearchRequest,
  what: { readonly query: TextQuery; readonly memberships: readonly RoomMembership[] },
): Promise<Page> {
  const { keys, senders, limit, orderBy, from } = request;
  const reader = { ...request, ignored: await ports.ignoredBy(request.userId) };
  const isSurelySeen = seenAsMember(what.memberships);
  const roomIds = what.memberships.map(({ roomId }) => roomId);
  const hits: Hit[] = [];
  const begin = { upTo: from?.upTo ?? ports.lastNid(), behind: from?.behind };
  let [upTo, behind, count] = [begin.upTo, begin.behind, from?.count];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const find = { query: what.query, roomIds, keys, senders, upTo, limit: RANKED_MAX };
    const found = await newestFound(ports.database, find);
    const waiting = inOrder(found, orderBy, behind);
    const isFirst = count === undefined;
    count ??= approximateCount(found.filter(isSurelySeen), found, upTo);
    while (waiting.length > 0 && hits.length < limit) {
      const some = waiting.splice(0, Math.min(LOOKED_AT_ONCE, limit - hits.length));
      const seen = await seenAmong(ports.rooms, reader, some);
      for (const { nid, rank } of some)
        if (seen.has(nid)) hits.push({ ...seen.get(nid)!, rank, upTo });
      if (isFirst) count += seen.size - some.filter(isSurelySeen).length;
    }
    const last = hits.at(-1);
    if (hits.length === limit)
      return { hits, count, next: last ? placeBehind(last, { count }) : { ...begin, count } };
    if (found.length < RANKED_MAX) return { hits, count, next: undefined };
    [upTo, behind] = [found.at(-1)!.nid - 1, undefined];
  }
  return { hits, count: count!, next: { upTo, behind, count: count! } };
}

/**
 * What was said since they came in: that is seen without looking. Only that is counted beyond what was looked
 * at, or whoever says a word could count how often it was said where they may not read.
 */
function seenAsMember(memberships: readonly RoomMembership[]) {
  const joined = memberships.filter(({ membership }) => membership === 'join');
  const since = new Map(joined.map((each) => [each.roomId, each.since]));
  return ({ roomId, nid }: FoundEvent): boolean =>
    nid > (since.get(roomId) ?? Number.POSITIVE_INFINITY);
}

/** What is behind the event where the last page ended. */
function inOrder(
  found: readonly FoundEvent[],
  orderBy: SearchRequest['orderBy'],
  behind: SearchPlace['behind'],
): FoundEvent[] {
  const compare = orderBy === 'rank' ? byRank : byNewest;
  return found.filter((each) => !behind || compare(behind, each) < 0).sort(compare);
}

const byNewest = (a: Found, b: Found) => b.nid - a.nid;
const byRank = (a: Found, b: Found) => b.rank - a.rank || byNewest(a, b);

/** Of those that were not counted: as many as there are among the newest, in the rest of the numbers. */
function approximateCount(
  counted: readonly FoundEvent[],
  found: readonly FoundEvent[],
  upTo: number,
): number {
  if (found.length < RANKED_MAX || counted.length < found.length) return counted.length;
  return Math.round((found.length * upTo) / (upTo - found.at(-1)!.nid + 1));
}

/** Where a page goes on that ends with this one. */
export const placeBehind = (
  { seen, rank, upTo }: Hit,
  { count }: Pick<SearchResults, 'count'>,
): SearchPlace => ({
  ...{ upTo, count },
  behind: { nid: seen.event.nid, rank },
});

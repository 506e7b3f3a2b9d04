import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import type { Person } from '../../protocol/caller.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { SearchRequest, SearchResults } from '../../search/search.ts';
import type { LargeReads } from '../events/large-reads.ts';
import { answerOf } from '../events/rendered.ts';
import { renderedResults } from './rendered-results.ts';
import { type SearchCriteria, searchBody } from './search-fields.ts';
import { decodeSearchToken, type SearchToken } from './search-token.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf'>;
  readonly search: (request: SearchRequest) => Promise<SearchResults>;
  readonly largeReads: LargeReads;
}

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 100;

/** What was said, by its words: in all rooms that the caller is or was in, as far as they may see it. */
export const searchEvents = endpoint({
  operation: 'search',
  routes: ['POST /_matrix/client/v3/search', 'POST /_matrix/client/r0/search'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ next_batch: z.string().optional() }),
  body: { json: searchBody },

  async handle({ caller, query, body, signal }, { rooms, search, largeReads }: Ports) {
    const criteria = body.search_categories.room_events;
    if (!criteria) return { search_categories: {} };
    const from = query.next_batch ? decodeSearchToken(query.next_batch) : undefined;
    await largeReads.enter(caller.userId, signal);
    const results = await search(requestOf(caller, criteria, from));
    const told = await renderedResults({ rooms, caller, criteria, from }, results);
    return answerOf({ search_categories: `{"room_events":${told}}` });
  },
});

function requestOf(
  { userId }: Person,
  { search_term: term, keys, order_by: orderBy, filter }: SearchCriteria,
  from: SearchToken | undefined,
): SearchRequest {
  const group = from?.group;
  const senders = group?.key === 'sender' ? [group.value] : filter.senders;
  return {
    ...{ userId, term, keys, orderBy, from, senders },
    limit: Math.min(filter.limit ?? LIMIT_DEFAULT, LIMIT_MAX),
    admits: (event) => !filter.admitsNothing && filter.admits(event),
    onlyRooms: group?.key === 'room_id' ? [group.value as RoomId] : filter.rooms,
    notRooms: filter.notRooms,
  };
}

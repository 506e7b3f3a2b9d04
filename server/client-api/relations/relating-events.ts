import { z } from 'zod';
import type { Answer } from '../../http/answer.ts';
import { eventId, name, roomId, trueOrFalse } from '../../http/fields.ts';
import type { Person } from '../../protocol/caller.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import { encodePlace } from '../../rooms/pagination-token.ts';
import type { RelatedTo } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { LargeReads } from '../events/large-reads.ts';
import { limitField, stretchOf } from '../events/page-request.ts';
import { answerOf, renderedSeen } from '../events/rendered.ts';
import { seenEvent } from '../events/seen-event.ts';

export interface RelationsPorts {
  readonly rooms: Pick<Rooms, 'open'>;
  readonly largeReads: LargeReads;
}

export const relationsPath = { roomId, eventId };
export const relTypeField = name;

export const relationsQuery = z.object({
  from: z.string().optional(),
  to: z.string().optional(),
  dir: z.enum(['b', 'f']).default('b'),
  limit: limitField,
  recurse: trueOrFalse.optional(),
  /** As clients call it that go by the proposal's name. */
  'org.matrix.msc3981.recurse': trueOrFalse.optional(),
});

export interface RelationsCall {
  readonly caller: Person;
  readonly path: { readonly roomId: RoomId; readonly eventId: EventId };
  readonly query: z.output<typeof relationsQuery>;
  readonly signal: AbortSignal;
}

/** "SHOULD traverse at least 3 levels of relationships." */
const HOPS_MAX = 3;

/** What relates to an event that the caller may see, page by page in the room's own order. */
export async function relatingEvents(
  { caller, path, query, signal }: RelationsCall,
  { rooms, largeReads }: RelationsPorts,
  only: Pick<RelatedTo, 'relType' | 'type'>,
): Promise<Answer> {
  await largeReads.enter(caller.userId, signal);
  const { room } = await seenEvent(rooms, path, caller.userId);
  const { dir: direction, limit, recurse = query['org.matrix.msc3981.recurse'] } = query;
  const hops = recurse ? HOPS_MAX : 1;
  const page = await room.page({
    reader: caller.userId,
    ...(await stretchOf(room, query, () => EDGES[direction])),
    direction,
    limit,
    relatedTo: { ...only, eventId: path.eventId, hops },
  });
  return answerOf({
    chunk: renderedSeen(await room.withRelations(caller, page.events), caller),
    next_batch: page.isLast ? undefined : JSON.stringify(encodePlace(page.end)),
    prev_batch: query.from ? JSON.stringify(query.from) : undefined,
    recursion_depth: recurse === undefined ? undefined : String(hops),
  });
}

const LAST = Number.MAX_SAFE_INTEGER - 1;
const EDGES = { b: { depth: LAST, nid: LAST }, f: { depth: 0, nid: 0 } };

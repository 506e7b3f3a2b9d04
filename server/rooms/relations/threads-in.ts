import { relationOf } from '../../protocol/relations/relation.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { redactedCopy } from '../read/erased.ts';
import type { ReadBegun } from '../read/event-cache.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { visibleTo } from '../read/visibility.ts';
import type { Threads, ThreadsRequest } from '../room.ts';
import type { SeenEvent } from '../seen-event.ts';
import type { Place, StoredThread } from '../store.ts';
import { withRelations } from './with-relations.ts';

/** Where visibility lets little through, how many are read for one answer. */
const READ_TOTAL = 500;
const READ_MAX = 50;

const NEWEST: Place = { depth: Number.MAX_SAFE_INTEGER, nid: Number.MAX_SAFE_INTEGER };

/** The roots of a room's threads with what is said of them, page by page. */
export async function threadsIn(
  room: HotRoom,
  reads: RoomReads,
  request: ThreadsRequest,
): Promise<Threads> {
  const { reader, participated, limit } = request;
  const roots: SeenEvent[] = [];
  let end = request.from ?? NEWEST;
  for (let total = 0; total < READ_TOTAL && roots.length < limit; ) {
    const begun = reads.events.beginRead();
    const read = await reads.store.threadsOfRoom({
      roomNid: room.nid,
      from: end,
      participant: participated ? reader : null,
      limit: Math.min(limit - roots.length, READ_MAX),
    });
    roots.push(...(await rootsIn(room, reads, request, { read, begun })));
    const last = read.at(-1);
    if (last === undefined) return { roots, end: undefined };
    end = { depth: last.latestDepth, nid: last.latestNid };
    total += read.length;
  }
  return { roots, end };
}

/** A thread of which the reader may see the root, but none of the rest, is none for them. */
async function rootsIn(
  room: HotRoom,
  reads: RoomReads,
  { reader: userId }: ThreadsRequest,
  { read, begun }: { readonly read: readonly StoredThread[]; readonly begun: ReadBegun },
): Promise<SeenEvent[]> {
  const events = read
    .map((stored) => reads.eventOf(stored, room.rules, begun))
    .filter((event) => relationOf(event.content) === undefined);
  if (events.length === 0) return [];
  const ignored = await reads.ignoredBy(userId);
  const seen = await visibleTo(room, reads, userId, events);
  const whole = await withRelations(room, reads, { userId, ignored }, seen);
  return whole
    .filter(({ relations }) => relations?.thread !== undefined)
    .map((each) => (ignored.has(each.event.sender) ? withoutContent(room, each) : each));
}

/** What an ignored user began is shown as a client would have it that had put the thread together itself. */
const withoutContent = (room: HotRoom, { event, membership, relations }: SeenEvent): SeenEvent => ({
  event: redactedCopy(event, room.rules),
  membership,
  relations: relations && { ...relations, edit: undefined },
});

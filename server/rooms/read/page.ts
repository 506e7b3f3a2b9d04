import type { HotRoom } from '../memory/hot-room.ts';
import { relatedBy } from '../relations/related-by.ts';
import type { Page, PageRequest } from '../room.ts';
import { type RoomEvent, textLengthOf } from '../room-event.ts';
import type { SeenEvent } from '../seen-event.ts';
import type { PageQuery, Place, StoredEvent } from '../store.ts';
import { Descent } from './descent.ts';
import { withoutErased } from './erased.ts';
import { withoutExpired } from './expired.ts';
import type { RoomReads } from './room-reads.ts';
import { eventAsSeen, parsedOf } from './stored-event.ts';
import { visibleTo } from './visibility.ts';

/** Where a filter or history visibility lets little through, how much is read for one answer. */
const READ_EVENTS_TOTAL = 2_500;
/** At once: an event has up to 64 kB. */
const READ_EVENTS_MIN = 20;
const READ_EVENTS_MAX = 100;
/** An answer lies in memory until a slow client has read it. The rest is on the next page. */
const PAGE_BYTES_MAX = 1_048_576;

/** One page of a room in its own order, of what the reader wants and may see. */
export async function pageOf(room: HotRoom, reads: RoomReads, request: PageRequest): Promise<Page> {
  if (!request.seeksBreaks || request.direction === 'f') return readPage(room, reads, request);
  const descent = new Descent(room, reads.store);
  await descent.lookAbove(request.from);
  const page = await readPage(room, reads, request, descent);
  const { to, types, senders } = request;
  const isNarrowed = types !== undefined || senders !== undefined;
  if (page.isLast && isNarrowed && to === undefined) await descent.lookAtFirst();
  return { ...page, brokenOff: await descent.brokenOff() };
}

async function readPage(
  room: HotRoom,
  reads: RoomReads,
  request: PageRequest,
  descent?: Descent,
): Promise<Page> {
  const events: SeenEvent[] = [];
  let [end, bytes] = [request.from, 0];
  if (request.limit === 0) return { events, end, isLast: false };
  const wanted = await wantedIn(reads, request);
  for (let total = 0; total < READ_EVENTS_TOTAL; ) {
    const missing = request.limit - events.length;
    const limit = Math.min(Math.max(missing, READ_EVENTS_MIN), READ_EVENTS_MAX);
    const read = await readOn(room, reads, request, { end, limit, descent });
    const { reader, relatedBy: by } = request;
    const related = await relatedBy(room, reads, reader, read.filter(wanted), by);
    const seen = await seenOf(room, reads, request, related);
    for (const event of read) {
      descent?.passed(event.nid);
      const each = seen.get(event.nid);
      bytes += each ? textLengthOf(event) : 0;
      if (bytes > PAGE_BYTES_MAX && events.length > 0) return { events, end, isLast: false };
      end = behind(event, request.direction);
      if (each) events.push(each);
      if (events.length === request.limit) return { events, end, isLast: false };
    }
    if (read.length < limit) return { events, end, isLast: true };
    total += read.length;
  }
  return { events, end, isLast: false };
}

/** What relates to an event is taken in one by one: what ignored users say is not among it. */
async function wantedIn(
  { ignoredBy }: RoomReads,
  { wanted = () => true, relatedTo, reader, seesAll }: PageRequest,
): Promise<(event: RoomEvent) => boolean> {
  if (relatedTo === undefined || seesAll) return wanted;
  const ignored = await ignoredBy(reader);
  return (event) => wanted(event) && (event.stateKey !== undefined || !ignored.has(event.sender));
}

async function seenOf(
  room: HotRoom,
  reads: RoomReads,
  { reader, seesAll = false }: PageRequest,
  wanted: readonly RoomEvent[],
): Promise<Map<number, SeenEvent>> {
  const seen = seesAll
    ? (await withoutErased(room, reads, reader, await withoutExpired(room, reads, wanted))).map(
        asByStranger,
      )
    : await visibleTo(room, reads, reader, wanted);
  return new Map(seen.map((each) => [each.event.nid, each]));
}

const asByStranger = (event: RoomEvent): SeenEvent => ({ event, membership: 'leave' });

interface Stretch {
  readonly end: Place;
  readonly limit: number;
  readonly descent: Descent | undefined;
}

async function readOn(
  room: HotRoom,
  reads: RoomReads,
  request: PageRequest,
  { end, limit, descent }: Stretch,
): Promise<RoomEvent[]> {
  const { direction, to } = request;
  const from = direction === 'b' ? { depth: end.depth, nid: end.nid + 1 } : end;
  const at = { roomNid: room.nid, from, direction, limit };
  // Whoever looks for where history breaks off looks at what each event follows, which is not kept.
  const kept = descent ? undefined : await keptPage(reads, request, at);
  const events = kept ?? (await pageRead(room, reads, request, { at, descent }));
  if (!to) return events;
  return events.filter((event) => compare(event, to) <= 0 === (direction === 'f'));
}

type PageAt = Pick<PageQuery, 'roomNid' | 'from' | 'direction' | 'limit'>;

const keptPage = ({ keptPages }: RoomReads, request: PageRequest, at: PageAt) =>
  request.relatedTo ? undefined : keptPages.of(narrowed(request, at));

async function pageRead(
  room: HotRoom,
  reads: RoomReads,
  request: PageRequest,
  { at, descent }: { at: PageAt; descent: Descent | undefined },
): Promise<RoomEvent[]> {
  const begun = reads.events.beginRead();
  const stored = await storedPage(reads, request, at);
  reads.keptPages.wasRead(room.nid, stored);
  const read = stored.map((each) => parsedOf(each, room.rules));
  descent?.read(read);
  return read.map((each) => reads.events.putRead(eventAsSeen(each, room.rules), begun));
}

function storedPage(
  { store }: RoomReads,
  request: PageRequest,
  at: PageAt,
): Promise<readonly StoredEvent[]> {
  if (request.relatedTo === undefined) return store.pageOfRoom(narrowed(request, at));
  const { eventId: targetId, relType = null, type = null, hops } = request.relatedTo;
  return store.eventsRelatedTo({ ...at, targetId, relType, type, hops });
}

const narrowed = ({ types, senders }: PageRequest, at: PageAt): PageQuery => ({
  ...at,
  ...{ types: types ?? null, senders: senders ?? null },
});

/** Going back, the next page begins behind the event before this one. */
const behind = ({ depth, nid }: RoomEvent, direction: 'b' | 'f'): Place =>
  direction === 'f' ? { depth, nid } : { depth, nid: nid - 1 };

export const compare = (a: Place, b: Place): number => a.depth - b.depth || a.nid - b.nid;

import type { Room } from '../../../rooms/room.ts';
import { type RoomEvent, textLengthOf } from '../../../rooms/room-event.ts';
import type { SeenEvent } from '../../../rooms/seen-event.ts';
import type { Place } from '../../../rooms/store.ts';
import type { Span } from '../../span.ts';
import type { Reader } from '../reader.ts';

export const LIMIT_DEFAULT = 10;
/** Where a filter lets little through, how far back it is searched before the rest is left a gap. */
const LOOKED_AT_MIN = 500;
/** Read at once: an event has up to 64 kB. */
export const PAGE_EVENTS = 100;
/** The newest event is told however large; a client pages back to what is left out, as from every limited timeline. */
export const TIMELINE_BYTES_MAX = 1_048_576;

export interface Window {
  /** In ascending order of position, each with what relates to it. */
  readonly events: readonly SeenEvent[];
  /** There are more in the span, before the first of these. */
  readonly limited: boolean;
  /** The position before the first of these events: what lies behind it is in the window. */
  readonly start: number;
  /** Where it begins behind a gap: from there it is paged back into that, by depth. */
  readonly gapAt?: Place | undefined;
}

/** The newest events of the span that the reader wants and may see. */
export async function timelineOf(room: Room, span: Span, reader: Reader): Promise<Window> {
  const { timeline: filter } = reader.filter.room;
  if (filter.admitsNothing || !filter.admitsRoom(room.roomId))
    return { events: [], limited: false, start: span.upTo };
  if (filter.limit === 0)
    return { events: [], limited: room.lastPosition > span.after, start: span.upTo };
  const limit = filter.limit ?? LIMIT_DEFAULT;
  let [kept, limited, upTo]: [SeenEvent[], boolean, number] = [[], true, span.upTo];
  let gapAt: Place | undefined;
  let [lookedAt, fitting] = [0, limit];
  while (lookedAt < Math.max(limit, LOOKED_AT_MIN) && kept.length < fitting && limited) {
    const pageLimit = lookedAt === 0 ? Math.min(limit, PAGE_EVENTS) : PAGE_EVENTS;
    const found = withoutGap(await room.timeline({ after: span.after, upTo, limit: pageLimit }));
    const admitted = found.events.filter((event) => isWanted(event, reader));
    const wanted =
      filter.relatedBy === undefined
        ? admitted
        : await room.relatedBy(reader.userId, admitted, filter.relatedBy);
    const seen = wanted.length === 0 ? [] : await room.visibleTo(reader.userId, wanted);
    kept = [...(await room.withRelations(reader, seen)), ...kept];
    fitting = Math.min(limit, newestFitting(kept, reader.timelineBytesMax));
    lookedAt += pageLimit;
    limited = found.limited;
    upTo = (found.events[0]?.position ?? 1) - 1;
    gapAt = found.gapAt;
    if (gapAt) break;
    // What lies before events of which none may be seen is not seen either, nearly always.
    if (wanted.length > 0 && seen.length === 0) break;
  }
  const events = kept.slice(-fitting);
  limited ||= events.length < kept.length;
  const start = (events[0]?.event.position ?? span.upTo + 1) - 1;
  return { events, limited, start, gapAt: events.length === kept.length ? gapAt : undefined };
}

/** How many of them an answer may hold: no fewer than one, and all where that is nothing to speak of. */
function newestFitting(events: readonly SeenEvent[], bytesMax = TIMELINE_BYTES_MAX): number {
  let bytes = 0;
  for (let at = events.length - 1; at >= 0; at--) {
    bytes += lengthOf(events[at]!);
    if (bytes > bytesMax) return Math.max(1, events.length - 1 - at);
  }
  return Number.POSITIVE_INFINITY;
}

/** With what is shown along with it, which may be larger than itself. */
function lengthOf({ event, relations }: SeenEvent): number {
  const shown = [relations?.edit, relations?.thread?.latest];
  return shown.reduce((sum, each) => sum + (each ? lengthOf(each) : 0), textLengthOf(event));
}

/** What was said before events that were not here is not told as if these followed it: a client pages back to both. */
function withoutGap({ events, limited }: Found): Found & Pick<Window, 'gapAt'> {
  const at = events.findLastIndex(({ isAfterGap }) => isAfterGap === true);
  const first = events[at];
  if (!first) return { events, limited };
  const gapAt = { depth: first.depth, nid: first.nid - 1 };
  return { events: events.slice(at), limited: true, gapAt };
}

type Found = Awaited<ReturnType<Room['timeline']>>;

/** Whether the reader's filter lets this event of the room into the timeline. */
export function isInTimeline(room: Room, event: RoomEvent, reader: Reader): boolean {
  const { timeline: filter } = reader.filter.room;
  // Nothing relates to an event that has only just come.
  if (filter.admitsNothing || filter.limit === 0 || filter.relatedBy) return false;
  return filter.admitsRoom(room.roomId) && isWanted(event, reader);
}

const isWanted = (event: RoomEvent, { filter, ignored }: Reader): boolean =>
  filter.room.timeline.admits(event) &&
  (event.stateKey !== undefined || !ignored.has(event.sender));

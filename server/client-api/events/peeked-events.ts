import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { decodePaginationToken } from '../../rooms/pagination-token.ts';
import { readingOf } from '../../rooms/read/reading.ts';
import type { Room } from '../../rooms/room.ts';
import { type RoomEvent, textLengthOf } from '../../rooms/room-event.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Peeks } from '../../sync/peeks.ts';
import type { Span } from '../../sync/span.ts';
import { PAGE_EVENTS } from '../../sync/v3/room/timeline.ts';
import { OLD_STREAM_MAX } from './old-stream.ts';
import { answerOf, renderedSeen } from './rendered.ts';

interface Peeking {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly deviceId: string | undefined;
  readonly start: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface PeekPorts {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf'>;
  readonly peeks: Peeks;
}

/** New events of a room that everybody may look into, as soon as there are any. */
export async function peekedEvents({ rooms, peeks }: PeekPorts, peeking: Peeking) {
  const { roomId, userId, start, timeoutMs, signal } = peeking;
  const token = decodePaginationToken(start);
  const after = token?.kind === 'live' ? token.position : 0;
  await readingOf(rooms, roomId, userId);
  await peeks.until(roomId, after, { timeoutMs, signal });
  // Asked again: it may be for nobody else any more, or nowhere.
  const { room } = await readingOf(rooms, roomId, userId);
  const upTo = room.lastPosition;
  const events = await newest(room, { after: Math.min(after, upTo), upTo });
  const seen = await room.visibleTo(userId, events);
  return answerOf({
    chunk: renderedSeen(seen, peeking),
    start: JSON.stringify(start),
    end: JSON.stringify(peeks.tokenAt(Math.max(after, upTo))),
  });
}

/** As many and as much as the old stream tells of one room. */
async function newest(room: Room, { after, upTo }: Span): Promise<RoomEvent[]> {
  const events: RoomEvent[] = [];
  let [end, bytes] = [upTo, 0];
  while (events.length < OLD_STREAM_MAX.events && bytes < OLD_STREAM_MAX.bytes) {
    const page = await room.timeline({ after, upTo: end, limit: PAGE_EVENTS });
    events.unshift(...page.events);
    for (const event of page.events) bytes += textLengthOf(event);
    if (!page.limited) break;
    end = page.events[0]!.position - 1;
  }
  return events;
}

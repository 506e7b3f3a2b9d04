import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { decodePaginationToken } from '../../rooms/pagination-token.ts';
import { readingOf } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Peeks } from '../../sync/peeks.ts';
import { renderedSeen } from './rendered.ts';

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

const EVENTS_MAX = 1_000;

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
  const range = { after: Math.min(after, upTo), upTo, limit: EVENTS_MAX };
  const { events } = await room.timeline(range);
  const seen = await room.visibleTo(userId, events);
  const chunk = JSON.parse(renderedSeen(seen, peeking)) as JsonObject[];
  return { chunk, start, end: peeks.tokenAt(Math.max(after, upTo)) };
}

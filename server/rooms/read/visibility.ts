import { maySee } from '../../protocol/history-visibility.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { Membership, RoomMembership } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomEvent } from '../room-event.ts';
import type { SeenEvent } from '../seen-event.ts';
import { withoutErased } from './erased.ts';
import { withoutExpired } from './expired.ts';
import { type RoomAround, roomAround } from './room-around.ts';
import type { RoomReads } from './room-reads.ts';

/**
 * Narrows events to those that history visibility lets the user see (Room history visibility,
 * "Server behaviour"), each with the user's membership at it. Who has forgotten the room sees what a
 * stranger does. And nobody sees what the room keeps no longer, or what was rejected or soft-failed in it.
 */
export async function visibleTo(
  room: HotRoom,
  reads: RoomReads,
  userId: UserId,
  all: readonly RoomEvent[],
): Promise<SeenEvent[]> {
  const taken = all.filter(({ isRefused }) => !isRefused);
  const events = await withoutExpired(room, reads, taken);
  const own = (await reads.userRooms.of(userId)).get(room.roomId);
  const others = events.filter((event) => !isBehindJoin(own, event));
  // Of what is erased, an event behind the reader's join can tell only by what it replaced.
  if (others.length === 0 && events.every(({ replacesNid }) => replacesNid === undefined))
    return events.map((event) => ({ event, membership: 'join' }));
  const reader = { userId, own, lastJoin: await lastJoinOf(room, reads, { userId, own, others }) };
  const around = await roomAround(room, reads, userId, others);
  const seen = events.flatMap((event) => judge(reader, event, around) ?? []);
  const shown = await withoutErased(
    room,
    reads,
    userId,
    seen.map(({ event }) => event),
  );
  return seen.map(({ membership }, index) => ({ event: shown[index]!, membership }));
}

interface Reader {
  readonly userId: UserId;
  readonly own: RoomMembership | undefined;
  readonly lastJoin: LastJoin;
}

/** The newest event by which they were in the room; zeros if they never were. */
interface LastJoin {
  readonly position: number;
  /** By which it is told of earlier history what was before it; not looked for where there is none. */
  readonly depth: number;
}

/** Of a member who has been there ever since before the event; nearly all that /sync asks about. */
const isBehindJoin = (own: RoomMembership | undefined, event: RoomEvent): boolean =>
  own?.membership === 'join' && own.since < event.position;

function judge(
  { userId, own, lastJoin }: Reader,
  event: RoomEvent,
  around: RoomAround,
): SeenEvent | undefined {
  if (isBehindJoin(own, event)) return { event, membership: 'join' };
  const [before, after] = [around.get(event.stateBefore)!, around.get(event.stateAfter)!];
  if (own?.forgotten)
    return after.visibility === 'world_readable' ? { event, membership: 'leave' } : undefined;
  const isEarlierHistory = event.position === 0;
  const joinedLater = isEarlierHistory
    ? lastJoin.depth > event.depth
    : lastJoin.position > event.position;
  const isSeen = maySee(before, joinedLater, judgedByBoth(event, userId) ? after : undefined);
  if (!isSeen) return undefined;
  return { event, membership: (after.membership as Membership | undefined) ?? 'leave' };
}

/** The events that change what the user may see are seen if either side allows it. */
const judgedByBoth = (event: RoomEvent, userId: UserId): boolean =>
  (event.type === 'm.room.history_visibility' && event.stateKey === '') ||
  (event.type === 'm.room.member' && event.stateKey === userId);

/** Of a state event in some state of the room. */
export async function contentAt(
  room: HotRoom,
  reads: RoomReads,
  state: { get(keyNid: number): number | undefined },
  [type, stateKey]: readonly [string, string],
) {
  const key = reads.keys.find(type, stateKey);
  const eventNid = key && state.get(key.keyNid);
  if (eventNid === undefined) return undefined;
  return (await reads.load(room, [eventNid]))[0]?.content;
}

/** One question for all events: of those who left, the database is asked. */
async function lastJoinOf(
  room: HotRoom,
  reads: RoomReads,
  { userId, own, others }: Pick<Reader, 'userId' | 'own'> & { others: readonly RoomEvent[] },
): Promise<LastJoin> {
  if (!own) return { position: 0, depth: 0 };
  // All of it was before they came, or while they are here.
  if (own.membership === 'join') return { position: own.position, depth: Infinity };
  const history = await reads.membershipHistory(userId, room);
  const last = history.findLast((entry) => entry.membership === 'join');
  if (!last) return { position: 0, depth: 0 };
  const asksDepth = others.some(({ position }) => position === 0);
  const [event] = asksDepth ? await reads.load(room, [last.eventNid]) : [];
  return { position: last.position, depth: event?.depth ?? 0 };
}

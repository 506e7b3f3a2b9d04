import { setImmediate as turn } from 'node:timers/promises';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Notification } from '../../protocol/push-rules/evaluate.ts';
import type { Action, Ruleset } from '../../protocol/push-rules/rules.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { SeenEvent } from '../../rooms/seen-event.ts';
import type { PlacedReceipt } from '../../storage/receipts.ts';
import type { JoinedTimelinesQuery, PlacedEvent } from '../../storage/rooms/joined-timelines.ts';
import { pushJudge } from './push-judge.ts';
import { isBehind } from './room-unread.ts';
import { threadsOf } from './thread-of.ts';
import { readUpToOf } from './unread-counts.ts';

export interface NotificationsPorts {
  readonly rooms: Pick<Rooms, 'openAll'>;
  readonly newest: (query: JoinedTimelinesQuery) => Promise<readonly PlacedEvent[]>;
  readonly ownReceipts: (userId: UserId, roomId: RoomId) => Promise<readonly PlacedReceipt[]>;
  readonly pushRules: (userId: UserId) => Promise<Ruleset>;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<UserId>>;
}

export interface NotificationsRequest {
  readonly userId: UserId;
  /** Positions of the log, this one included. */
  readonly upTo: number;
  readonly limit: number;
  readonly highlightsOnly: boolean;
}

export interface Notified {
  readonly seen: SeenEvent;
  readonly actions: readonly Action[];
  readonly isRead: boolean;
}

export interface NotificationsPage {
  /** The newest first. */
  readonly notified: readonly Notified[];
  /** Where the next page begins; undefined if there is nothing further. */
  readonly next: number | undefined;
}

/** Where rules let little through, how much is looked at for one answer. */
const ROUNDS_MAX = 5;
const EVENTS_PER_ROUND = 100;
const EVENTS_PER_ROOM = 10;

/**
 * What the user has been or would be notified of, of what they may see in the rooms that they are in: judged
 * by their rules as they are now, when it is asked for, so that nothing is written for those who never ask.
 */
export async function notificationsOf(
  ports: NotificationsPorts,
  request: NotificationsRequest,
): Promise<NotificationsPage> {
  const notified: Notified[] = [];
  const { userId } = request;
  let { upTo } = request;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const about = { userId, upTo, perRoom: EVENTS_PER_ROOM, limit: EVENTS_PER_ROUND };
    const placed = await ports.newest(about);
    for (const each of await judged(ports, request, placed)) {
      notified.push(each);
      if (notified.length === request.limit)
        return { notified, next: each.seen.event.position - 1 };
    }
    const isCut = placed.length === EVENTS_PER_ROUND;
    const lowest = isCut ? placed.at(-1)!.position : (placed[0]?.floor ?? 0);
    if (lowest === 0) return { notified, next: undefined };
    upTo = lowest - 1;
  }
  return { notified, next: upTo };
}

async function judged(
  ports: NotificationsPorts,
  request: NotificationsRequest,
  placed: readonly PlacedEvent[],
): Promise<Notified[]> {
  const byRoom = Map.groupBy(placed, ({ roomId }) => roomId);
  const rooms = await ports.rooms.openAll([...byRoom.keys()], { timeline: EVENTS_PER_ROOM });
  const ignored = await ports.ignoredBy(request.userId);
  const all: Notified[] = [];
  for (const room of rooms.values())
    all.push(...(await judgedIn(ports, { ...request, room, ignored }, byRoom.get(room.roomId)!)));
  return all.sort((a, b) => b.seen.event.position - a.seen.event.position);
}

interface InRoom extends NotificationsRequest {
  readonly room: Room;
  readonly ignored: ReadonlySet<UserId>;
}

async function judgedIn(
  { pushRules, ownReceipts }: NotificationsPorts,
  { userId, room, ignored, highlightsOnly }: InRoom,
  placed: readonly PlacedEvent[],
): Promise<Notified[]> {
  const found = await room.events(placed.map(({ eventId }) => eventId));
  const events = found.filter(({ sender }) => sender !== userId && !ignored.has(sender));
  if (events.length === 0) return [];
  const seen = await room.visibleTo(userId, events);
  const judge = await pushJudge({ userId, room, pushRules: () => pushRules(userId) }, events);
  const notified: Omit<Notified, 'isRead'>[] = [];
  for (const each of seen) {
    if (judge.isTired()) await turn();
    const notification = judge.of(each.event);
    if (notification.notify && (notification.highlight || !highlightsOnly))
      notified.push({ seen: each, actions: actionsOf(notification) });
  }
  if (notified.length === 0) return [];
  const whole = await room.withRelations(
    { userId, ignored },
    notified.map(({ seen }) => seen),
  );
  const readUpTo = readUpToOf(await ownReceipts(userId, room.roomId));
  const threads = await threadsOf(
    room,
    whole.map(({ event }) => event),
  );
  return notified.map(({ actions }, index) => {
    const { position } = whole[index]!.event;
    const isRead = !isBehind(readUpTo, { position, threadId: threads[index]! });
    return { seen: whole[index]!, actions, isRead };
  });
}

const actionsOf = ({ sound, highlight }: Notification): Action[] => [
  'notify',
  ...(sound === undefined ? [] : [{ set_tweak: 'sound', value: sound }]),
  ...(highlight ? [{ set_tweak: 'highlight' }] : []),
];

import type { Event } from '../../protocol/event.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import { powerLevelOf } from '../../protocol/power-levels.ts';
import type { PushContext } from '../../protocol/push-rules/conditions.ts';
import { evaluate, notificationOf } from '../../protocol/push-rules/evaluate.ts';
import type { Ruleset } from '../../protocol/push-rules/rules.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import type { Room } from '../../rooms/rooms.ts';
import type { PlacedReceipt } from '../../storage/receipts.ts';
import { type ReadUpTo, RoomUnread, type Unread } from './room-unread.ts';
import { threadOf } from './thread-of.ts';

/**
 * Of a room that nobody has read for long, so many of the newest events are looked at: a count is
 * for people, and whoever has a thousand unread messages does not tell them from five hundred.
 */
const LOOKED_AT_MAX = 500;

type OwnReceipts = (userId: UserId, roomId: RoomId) => Promise<readonly PlacedReceipt[]>;

export interface UnreadQuestion {
  readonly userId: UserId;
  readonly room: Room;
  /** Where the user's joining stands: what came before does not notify. */
  readonly joinedAt: number;
  readonly upTo: number;
  readonly threadsApart: boolean;
  readonly ignored: ReadonlySet<UserId>;
  readonly pushRules: () => Promise<Ruleset>;
}

interface Counted {
  unread: RoomUnread | undefined;
  /** One at a time: two devices may ask at once. */
  turn: Promise<unknown>;
}

/**
 * What is unread, by the user's push rules: counted when it is asked for, and only for users who are
 * about, so that a message in a room of thousands costs nothing for those who are away.
 */
export class UnreadCounts {
  readonly #ownReceipts: OwnReceipts;
  readonly #users = new WeakMap<object, Map<RoomId, Counted>>();

  constructor(ownReceipts: OwnReceipts) {
    this.#ownReceipts = ownReceipts;
  }

  /** `owner`: what is kept for the user lives as long as this object does. */
  async of(owner: object, question: UnreadQuestion): Promise<Unread> {
    const rooms = this.#users.get(owner) ?? new Map<RoomId, Counted>();
    this.#users.set(owner, rooms);
    const { roomId } = question.room;
    const counted = rooms.get(roomId) ?? { unread: undefined, turn: Promise.resolve() };
    rooms.set(roomId, counted);
    const mine = counted.turn.then(() => this.#count(counted, question));
    counted.turn = mine.catch(() => {});
    return mine;
  }

  async #count(counted: Counted, question: UnreadQuestion): Promise<Unread> {
    const { userId, room, joinedAt, upTo, threadsApart } = question;
    const readUpTo = readUpToOf(await this.#ownReceipts(userId, room.roomId));
    const begin = Math.max(readUpTo.all, joinedAt);
    if (counted.unread === undefined || counted.unread.begin < joinedAt)
      counted.unread = new RoomUnread(begin);
    const { unread } = counted;
    if (unread.countedTo < upTo) await this.#countOn(unread, question);
    unread.read(readUpTo);
    return unread.counts({ threadsApart });
  }

  async #countOn(unread: RoomUnread, question: UnreadQuestion): Promise<void> {
    const { userId, room, upTo, ignored } = question;
    const range = { after: unread.countedTo, upTo, limit: LOOKED_AT_MAX };
    const { events } = await room.timeline(range);
    const others = events.some((event) => event.sender !== userId);
    const judge = others ? await judgeFor(question) : undefined;
    for (const event of events) {
      const threadId = await threadOf(room, event);
      if (event.sender === userId) unread.sentIn(threadId);
      else if (judge !== undefined && !ignored.has(event.sender)) {
        const { notify, highlight } = judge(event);
        if (notify) unread.notify({ position: event.nid, threadId, highlight });
      }
    }
    unread.countedTo = upTo;
  }
}

async function judgeFor({ userId, room, pushRules }: UnreadQuestion) {
  const [rules, create, powerLevels, member] = await Promise.all([
    pushRules(),
    room.stateEvent('m.room.create', ''),
    room.stateEvent('m.room.power_levels', ''),
    room.stateEvent('m.room.member', userId),
  ]);
  const displayName = member?.content.displayname;
  const context = {
    memberCount: room.joinedCount,
    displayName: typeof displayName === 'string' ? displayName : undefined,
    notificationPowerLevel: (key: string) => notificationLevel(powerLevels?.content, key),
  };
  return (event: RoomEvent) =>
    notificationOf(
      evaluate(clientForm(event), rules, {
        ...context,
        get senderPowerLevel() {
          return powerLevelIn(room, { create, powerLevels }, event.sender);
        },
      } satisfies PushContext),
    );
}

/** Of the public and the private receipt the one that is ahead counts. */
function readUpToOf(receipts: readonly PlacedReceipt[]): ReadUpTo {
  let all = 0;
  const threads = new Map<string, number>();
  for (const { threadId, eventPosition } of receipts) {
    if (eventPosition === null) continue;
    if (threadId === '') all = Math.max(all, eventPosition);
    else threads.set(threadId, Math.max(threads.get(threadId) ?? 0, eventPosition));
  }
  return { all, threads };
}

const clientForm = (event: RoomEvent): JsonObject => ({
  type: event.type,
  room_id: event.roomId,
  sender: event.sender,
  event_id: event.eventId,
  content: event.content,
  ...(event.stateKey === undefined ? {} : { state_key: event.stateKey }),
});

const NOTIFICATION_LEVEL_DEFAULT = 50;

function notificationLevel(powerLevels: JsonObject | undefined, key: string): number {
  const levels = powerLevels?.notifications;
  const level = isObject(levels) && Object.hasOwn(levels, key) ? Number(levels[key]) : Number.NaN;
  return Number.isNaN(level) ? NOTIFICATION_LEVEL_DEFAULT : level;
}

interface PowerState {
  readonly create: RoomEvent | undefined;
  readonly powerLevels: RoomEvent | undefined;
}

function powerLevelIn(room: Room, { create, powerLevels }: PowerState, userId: UserId): number {
  const rules = rulesOf(room.version);
  if (rules === undefined) return 0;
  // A RoomEvent has what power levels are read from: sender, type and content.
  const events = {
    'm.room.create': create,
    'm.room.power_levels': powerLevels,
  } as unknown as Record<string, Event | undefined>;
  return powerLevelOf(userId, { get: (type) => events[type] }, rules);
}

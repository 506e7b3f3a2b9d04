import { setImmediate as turn } from 'node:timers/promises';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Ruleset } from '../../protocol/push-rules/rules.ts';
import type { Room } from '../../rooms/room.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import type { PlacedReceipt } from '../../storage/receipts.ts';
import { type Judge, judgeAtOnce, pushJudge } from './push-judge.ts';
import { type ReadUpTo, RoomUnread, type Unread } from './room-unread.ts';
import { threadsAtOnce, threadsOf } from './thread-of.ts';

/**
 * Of a room that nobody has read for long, so many of the newest events are looked at: a count is
 * for people, and whoever has a thousand unread messages does not tell them from five hundred.
 */
const LOOKED_AT_MAX = 500;

interface OwnReceipts {
  ownIn(userId: UserId, roomId: RoomId): Promise<readonly PlacedReceipt[]>;
  knownOwnIn(userId: UserId, roomId: RoomId): readonly PlacedReceipt[] | undefined;
}

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

/** With the rules by which it is counted. */
export interface QuickQuestion extends Omit<UnreadQuestion, 'pushRules'> {
  readonly rules: Ruleset;
}

interface Counted {
  unread?: RoomUnread;
  /** One at a time: two devices may ask at once. None while nobody asks, as a promise is larger than a count. */
  turn?: Promise<unknown> | undefined;
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
  of(owner: object, question: UnreadQuestion): Promise<Unread> {
    const rooms = this.#users.get(owner) ?? new Map<RoomId, Counted>();
    this.#users.set(owner, rooms);
    const { roomId } = question.room;
    const counted: Counted = rooms.get(roomId) ?? {};
    rooms.set(roomId, counted);
    return inTurn(counted, () => this.#count(counted, question));
  }

  /**
   * The same without a wait, where memory has all that has come since it was counted. Undefined where anything has to
   * be looked up, or much is to be matched.
   */
  atOnce(owner: object, question: QuickQuestion): Unread | undefined {
    const { userId, room, joinedAt, upTo, rules, threadsApart } = question;
    const counted = this.#users.get(owner)?.get(room.roomId);
    const receipts = this.#ownReceipts.knownOwnIn(userId, room.roomId);
    const unread = counted?.unread;
    if (!unread || counted.turn || !receipts || unread.begin < joinedAt) return undefined;
    const events = room.toldToAll({ after: unread.countedTo, upTo });
    if (!events) return undefined;
    const isJudged = isJudgedFor(question);
    const judge = judgeAtOnce(rules, room, events.filter(isJudged));
    const threads = threadsAtOnce(events);
    if (!judge || !threads) return undefined;
    for (const [index, event] of events.entries()) {
      // The rest is counted in turns.
      if (judge.isTired()) return undefined;
      note(unread, event, { threadId: threads[index]!, userId, isJudged, judge });
      unread.countedTo = event.position;
    }
    unread.countedTo = Math.max(unread.countedTo, upTo);
    unread.read(readUpToOf(receipts));
    return unread.counts({ threadsApart });
  }

  async #count(counted: Counted, question: UnreadQuestion): Promise<Unread> {
    const { userId, room, joinedAt, upTo, threadsApart } = question;
    const readUpTo = readUpToOf(await this.#ownReceipts.ownIn(userId, room.roomId));
    const begin = Math.max(readUpTo.all, joinedAt);
    if (counted.unread === undefined || counted.unread.begin < joinedAt)
      counted.unread = new RoomUnread(begin);
    const { unread } = counted;
    if (unread.countedTo < upTo) await this.#countOn(unread, question);
    unread.read(readUpTo);
    return unread.counts({ threadsApart });
  }

  async #countOn(unread: RoomUnread, question: UnreadQuestion): Promise<void> {
    const { userId, room, upTo } = question;
    const range = { after: unread.countedTo, upTo, limit: LOOKED_AT_MAX };
    const { events } = await room.timeline(range);
    const isJudged = isJudgedFor(question);
    const judge = await pushJudge(question, events.filter(isJudged));
    const threads = await threadsOf(room, events);
    for (const [index, event] of events.entries()) {
      if (judge.isTired()) await turn();
      note(unread, event, { threadId: threads[index]!, userId, isJudged, judge });
    }
    unread.countedTo = upTo;
  }
}

const isJudgedFor =
  ({ userId, ignored }: Pick<UnreadQuestion, 'userId' | 'ignored'>) =>
  ({ sender }: RoomEvent): boolean =>
    sender !== userId && !ignored.has(sender);

interface Noting {
  readonly threadId: string;
  readonly userId: UserId;
  readonly isJudged: (event: RoomEvent) => boolean;
  readonly judge: Judge;
}

function note(unread: RoomUnread, event: RoomEvent, noting: Noting): void {
  const { threadId, userId, isJudged, judge } = noting;
  if (event.sender === userId) unread.sentIn(threadId);
  if (!isJudged(event)) return;
  const { notify, highlight } = judge.of(event);
  if (notify) unread.notify({ position: event.position, threadId, highlight });
}

async function inTurn<T>(counted: Counted, count: () => Promise<T>): Promise<T> {
  const mine = counted.turn ? counted.turn.then(count) : count();
  const turn = mine.catch(() => {});
  counted.turn = turn;
  try {
    return await mine;
  } finally {
    if (counted.turn === turn) counted.turn = undefined;
  }
}

/** Of the public and the private receipt the one that is ahead counts. */
export function readUpToOf(receipts: readonly PlacedReceipt[]): ReadUpTo {
  let all = 0;
  let threads: Map<string, number> | undefined;
  for (const { threadId, eventPosition } of receipts) {
    if (eventPosition === null) continue;
    if (threadId === '') all = Math.max(all, eventPosition);
    else {
      threads ??= new Map();
      threads.set(threadId, Math.max(threads.get(threadId) ?? 0, eventPosition));
    }
  }
  return { all, threads: threads ?? NO_THREADS };
}

/** One for all: it is remembered for each room of each user. */
const NO_THREADS: ReadonlyMap<string, number> = new Map();

import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { isRedacted } from '../rooms/client-members.ts';
import type { Room } from '../rooms/room.ts';
import type { RoomEvent } from '../rooms/room-event.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Place } from '../rooms/store.ts';
import { endsTheWriter } from './ends-the-writer.ts';
import type { Work } from './long-orders.ts';

/** What is asked for, as it is kept. */
export interface UserRedaction {
  /** Of none: all in which the user ever was. */
  readonly rooms: readonly RoomId[];
  readonly reason: string | null;
  /** Of the newest events in each room, how many are looked at. */
  readonly limit: number;
  /** In the administrator's name, who must have the power for it in the rooms; else in the user's own. */
  readonly useAdmin: boolean;
}

const REDACTION = 'm.room.redaction';
const PAGE = 100;
/** Of those that could not be redacted, how many are told with why. */
const FAILED_MAX = 1_000;

/** Redacts what somebody said, room by room, the newest first. What is redacted already is passed over, so a repeat goes on where it was cut. */
export const redactUser =
  (rooms: Pick<Rooms, 'open' | 'roomsOf' | 'send'>): Work =>
  async ({ target, by, asked }, signal) => {
    const wish = asked as unknown as UserRedaction;
    const userId = target as UserId;
    const sender = wish.useAdmin ? (by as UserId) : userId;
    const failed: Record<EventId, string> = {};
    for (const roomId of await roomsOf(rooms, userId, wish))
      for await (const event of eventsOf(await rooms.open(roomId), userId, wish.limit)) {
        if (signal.aborted) return {};
        const why = await redact(rooms, { event, sender, reason: wish.reason });
        if (why !== undefined && Object.keys(failed).length < FAILED_MAX)
          failed[event.eventId] = why;
      }
    return { failed };
  };

async function roomsOf(
  rooms: Pick<Rooms, 'roomsOf'>,
  userId: UserId,
  wish: UserRedaction,
): Promise<readonly RoomId[]> {
  return wish.rooms.length > 0 ? wish.rooms : [...(await rooms.roomsOf(userId)).keys()];
}

async function* eventsOf(
  room: Room | undefined,
  userId: UserId,
  limit: number,
): AsyncGenerator<RoomEvent> {
  let from: Place | undefined = await room?.upperEdge(room.lastPosition);
  for (let left = limit; room && from && left > 0; ) {
    const page = await room.page({
      ...{ reader: userId, seesAll: true, from, direction: 'b', senders: [userId] },
      limit: Math.min(left, PAGE),
    });
    yield* page.events.map(({ event }) => event).filter(mayGo);
    // Redactions are not counted: in the user's own name the order makes them itself, and a repeat of
    // it would look at those instead of what is still to be done.
    left -= page.events.filter(({ event }) => event.type !== REDACTION).length;
    from = page.isLast ? undefined : page.end;
  }
}

/** Not what the room rests on: of its state only names and pictures, which stand in joins. */
const mayGo = (event: RoomEvent): boolean =>
  !isRedacted(event) && event.type !== REDACTION && (event.stateKey === undefined || isJoin(event));

const isJoin = ({ type, content }: RoomEvent): boolean =>
  type === 'm.room.member' && content.membership === 'join';

/** Why it could not be done, if it could not. */
async function redact(
  rooms: Pick<Rooms, 'send'>,
  { event, sender, reason }: { event: RoomEvent; sender: UserId; reason: string | null },
): Promise<string | undefined> {
  const content: JsonObject = reason === null ? {} : { reason };
  const draft = { sender, type: REDACTION, content, redacts: event.eventId };
  try {
    await rooms.send(event.roomId, draft, {});
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || endsTheWriter(error)) throw error;
    return error.message;
  }
}

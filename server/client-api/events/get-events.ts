import { z } from 'zod';
import { type Answer, jsonPieces } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, wholeNumber } from '../../http/fields.ts';
import { refuseWhoMustWait } from '../../http/matrix-error.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Peeks } from '../../sync/peeks.ts';
import {
  inPieces,
  type Json,
  type SyncAnswer,
  type TimelinePart,
} from '../../sync/v3/answer-text.ts';
import {
  heldToken,
  NOTHING,
  nowOf,
  OLD_STREAM_MAX,
  type OldStreamPorts,
  parsedInTurns,
  type ToldRoom,
  those,
  toldOf,
  withRoom,
} from './old-stream.ts';
import { peekedEvents } from './peeked-events.ts';

type Ports = OldStreamPorts & {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf'>;
  readonly peeks: Peeks;
  readonly rateLimits: Pick<RateLimits, 'take'>;
};

/**
 * The stream of events as it was before /sync; and of one room that its reader is not in (`peekEvents`), which /sync does
 * not tell of.
 */
export const getEvents = endpoint({
  operation: 'getEvents',
  routes: ['GET /_matrix/client/v3/events', 'GET /_matrix/client/r0/events'],
  auth: 'guest',
  rateLimit: 'sync',
  idempotency: 'natural',
  query: z.object({
    from: z.string().min(1).optional(),
    timeout: wholeNumber.default(0),
    room_id: roomId.optional(),
  }),

  async handle({ caller: { userId, deviceId }, query, signal }, ports: Ports) {
    const { from, timeout: timeoutMs, room_id } = query;
    const start = from === undefined ? await now(ports, userId, signal) : heldToken(ports, from);
    const own = room_id && (await ports.rooms.roomsOf(userId)).get(room_id);
    if (room_id !== undefined && own?.membership !== 'join') {
      const peeking = { ...{ roomId: room_id, userId, deviceId }, ...{ start, timeoutMs, signal } };
      return peekedEvents(ports, peeking);
    }
    const room = { timeline: { limit: OLD_STREAM_MAX.events }, account_data: NOTHING };
    const filter = { room: { ...room, ...(room_id && { rooms: [room_id] }) } };
    const told = await toldOf(ports, { userId, since: start, filter, timeoutMs, signal });
    return answerOf(await eventsIn(told, userId), { start, end: told.nextBatch });
  },
});

/** It costs about as much as what /sync tells of all rooms. */
function now(ports: Ports, userId: UserId, signal: AbortSignal): Promise<string> {
  refuseWhoMustWait(ports.rateLimits.take('wholeSync', userId));
  return nowOf(ports, { userId, signal });
}

function answerOf(chunk: readonly Json[], { start, end }: { start: string; end: string }): Answer {
  const parts = chunk.map((event, at) => (at === 0 ? event : `,${event}`));
  const [from, to] = [JSON.stringify(start), JSON.stringify(end)];
  return jsonPieces(inPieces(['{"chunk":[', ...parts, `],"start":${from},"end":${to}}`]));
}

/** What came to the rooms, and what does not stand in them. */
async function eventsIn({ rooms, presence }: SyncAnswer<ToldRoom>, userId: UserId) {
  const chunk: Json[] = [];
  for (const [roomId, told] of [...rooms.leave, ...rooms.join]) {
    const { timeline, ephemeral } = told;
    for (const event of [...(await notIn(timeline, told.state)), ...timeline.events, ...ephemeral])
      chunk.push(withRoom(event, roomId));
  }
  const isOwn = ({ type, state_key }: JsonObject) =>
    type === 'm.room.member' && state_key === userId;
  for (const [roomId, { state }] of rooms.invite)
    for (const event of await those(state, isOwn)) chunk.push(withRoom(event, roomId));
  return [...chunk, ...presence];
}

async function notIn(timeline: TimelinePart, state: readonly Json[]): Promise<Json[]> {
  if (state.length === 0) return [];
  // Only what may be state itself: a message that only says so does no harm.
  const mayBe = timeline.events.filter((event) => event.includes('"state_key":'));
  const known = new Set((await parsedInTurns(mayBe)).map(({ event_id }) => event_id));
  return those(state, ({ event_id }) => !known.has(event_id));
}

import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, wholeNumber } from '../../http/fields.ts';
import { limitExceeded } from '../../http/matrix-error.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Peeks } from '../../sync/peeks.ts';
import type { LargeReads } from './large-reads.ts';
import { heldToken, NOTHING, nowOf, type OldStreamPorts, type Told, toldOf } from './old-stream.ts';
import { peekedEvents } from './peeked-events.ts';

type Ports = OldStreamPorts & {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf'>;
  readonly peeks: Peeks;
  readonly largeReads: LargeReads;
  readonly rateLimits: Pick<RateLimits, 'take'>;
};

/** As many as /sync would tell of one room. */
const EVENTS_MAX = 1_000;

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
    const room = { timeline: { limit: EVENTS_MAX }, account_data: NOTHING };
    const filter = { room: { ...room, ...(room_id && { rooms: [room_id] }) } };
    const told = await toldOf(ports, { userId, since: start, filter, timeoutMs, signal });
    return { chunk: eventsIn(told, userId), start, end: told.next_batch };
  },
});

/** It costs about as much as what /sync tells of all rooms. */
function now(ports: Ports, userId: UserId, signal: AbortSignal): Promise<string> {
  const waitMs = ports.rateLimits.take('wholeSync', userId);
  if (waitMs > 0) throw limitExceeded(waitMs);
  return nowOf(ports, { userId, signal });
}

/** What came to the rooms, and what does not stand in them. */
function eventsIn({ rooms = {}, presence }: Told, userId: UserId): JsonObject[] {
  const within = Object.entries({ ...rooms.leave, ...rooms.join }).flatMap(([room_id, told]) => {
    const { state_after: state, timeline, ephemeral } = told;
    const known = new Set(timeline.events.map(({ event_id }) => event_id));
    const before = (state?.events ?? []).filter(({ event_id }) => !known.has(event_id));
    return [...before, ...timeline.events, ...(ephemeral?.events ?? [])].map((event) => ({
      ...{ ...event, room_id },
    }));
  });
  const invites = Object.entries(rooms.invite ?? {}).flatMap(([room_id, { invite_state }]) =>
    invite_state.events
      .filter(({ type, state_key }) => type === 'm.room.member' && state_key === userId)
      .map((event) => ({ ...event, room_id })),
  );
  return [...within, ...invites, ...(presence?.events ?? [])];
}

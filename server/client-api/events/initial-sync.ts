import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { trueOrFalse } from '../../http/fields.ts';
import { limitExceeded } from '../../http/matrix-error.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { LargeReads } from './large-reads.ts';
import { type OldStreamPorts, type Told, type ToldRoom, toldOf } from './old-stream.ts';
import { limitField } from './page-request.ts';
import { renderedEvent } from './rendered.ts';

type Ports = OldStreamPorts & {
  readonly rooms: Pick<Rooms, 'open' | 'isPublished'>;
  readonly largeReads: LargeReads;
  readonly rateLimits: Pick<RateLimits, 'take'>;
};

/** All that somebody has, as it was told before /sync. */
export const initialSync = endpoint({
  operation: 'initialSync',
  routes: ['GET /_matrix/client/v3/initialSync', 'GET /_matrix/client/r0/initialSync'],
  auth: 'user',
  rateLimit: 'sync',
  idempotency: 'natural',
  query: z.object({ limit: limitField, archived: trueOrFalse.default(false) }),

  async handle({ caller: { userId }, query, signal }, ports: Ports) {
    const waitMs = ports.rateLimits.take('wholeSync', userId);
    if (waitMs > 0) throw limitExceeded(waitMs);
    await ports.largeReads.enter(userId, signal);
    const { limit, archived: include_leave } = query;
    const filter = { room: { timeline: { limit }, include_leave } };
    const told = await toldOf(ports, { userId, since: undefined, filter, timeoutMs: 0, signal });
    return {
      end: told.next_batch,
      rooms: [...(await beenIn(ports, told)), ...(await invitedTo(ports, told, userId))],
      presence: told.presence?.events ?? [],
      account_data: told.account_data?.events ?? [],
      receipts: receiptsIn(told),
    };
  },
});

async function beenIn(ports: Ports, { rooms = {}, next_batch }: Told): Promise<JsonObject[]> {
  const all = [
    ...Object.entries(rooms.join ?? {}).map(([id, room]) => [id, room, 'join'] as const),
    ...Object.entries(rooms.leave ?? {}).map(([id, room]) => [id, room, 'leave'] as const),
  ];
  return Promise.all(
    all.map(async ([room_id, room, membership]) => ({
      ...{ room_id, membership, visibility: await visibilityOf(ports, room_id) },
      messages: {
        chunk: withRoom(room.timeline.events, room_id),
        ...{ start: room.timeline.prev_batch, end: next_batch },
      },
      state: withRoom(room.state_after?.events ?? [], room_id),
      account_data: [...(room.account_data?.events ?? [])],
    })),
  );
}

async function invitedTo(
  ports: Ports,
  { rooms = {} }: Told,
  userId: UserId,
): Promise<JsonObject[]> {
  const invited = Object.keys(rooms.invite ?? {}) as RoomId[];
  return Promise.all(
    invited.map(async (room_id) => {
      const event = await (await ports.rooms.open(room_id))?.stateEvent('m.room.member', userId);
      const reader = { userId, deviceId: undefined };
      return {
        ...{ room_id, membership: 'invite', visibility: await visibilityOf(ports, room_id) },
        ...(event && {
          inviter: event.sender,
          invite: JSON.parse(renderedEvent(event, reader)) as JsonObject,
        }),
      };
    }),
  );
}

const visibilityOf = async ({ rooms }: Ports, roomId: string) =>
  (await rooms.isPublished(roomId as RoomId)) ? 'public' : 'private';

const withRoom = (events: readonly JsonObject[], room_id: string): JsonObject[] =>
  events.map((event) => ({ ...event, room_id }));

const receiptsIn = ({ rooms = {} }: Told): JsonObject[] =>
  Object.entries(rooms.join ?? {}).flatMap(([room_id, { ephemeral }]: [string, ToldRoom]) =>
    withRoom(
      (ephemeral?.events ?? []).filter(({ type }) => type === 'm.receipt'),
      room_id,
    ),
  );

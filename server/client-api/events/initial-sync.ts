import { z } from 'zod';
import { jsonPieces } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { trueOrFalse } from '../../http/fields.ts';
import { refuseWhoMustWait } from '../../http/matrix-error.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { inPieces, type Json, type SyncAnswer } from '../../sync/v3/answer-text.ts';
import type { LargeReads } from './large-reads.ts';
import { type OldStreamPorts, type ToldRoom, those, toldOf, withRoom } from './old-stream.ts';
import { limitField } from './page-request.ts';
import { objectText, renderedEvent } from './rendered.ts';

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
    refuseWhoMustWait(ports.rateLimits.take('wholeSync', userId));
    await ports.largeReads.enter(userId, signal);
    const { limit, archived: include_leave } = query;
    const filter = { room: { timeline: { limit }, include_leave } };
    const told = await toldOf(ports, { userId, since: undefined, filter, timeoutMs: 0, signal });
    const rooms = [...(await beenIn(ports, told)), ...(await invitedTo(ports, told, userId))];
    return jsonPieces(inPieces(partsOf(told, rooms, await receiptsIn(told))));
  },
});

/** Lists of what is long by itself are put together piece by piece, not in one turn. */
function* partsOf(
  { nextBatch, presence, accountData }: SyncAnswer<ToldRoom>,
  rooms: readonly Json[],
  receipts: readonly Json[],
): Generator<Json> {
  yield `{"end":${JSON.stringify(nextBatch)},"rooms":[`;
  for (const [at, room] of rooms.entries()) yield at === 0 ? room : `,${room}`;
  const rest = {
    presence: list(presence),
    account_data: list(accountData),
    receipts: list(receipts),
  };
  yield `],${objectText(rest).slice(1)}`;
}

const list = (events: readonly Json[]): Json => `[${events.join(',')}]`;

async function beenIn(ports: Ports, { rooms, nextBatch }: SyncAnswer<ToldRoom>): Promise<Json[]> {
  const all = [
    ...[...rooms.join].map(([id, room]) => [id, room, 'join'] as const),
    ...[...rooms.leave].map(([id, room]) => [id, room, 'leave'] as const),
  ];
  return Promise.all(
    all.map(async ([roomId, room, membership]) => {
      const placed = (events: readonly Json[]) =>
        list(events.map((each) => withRoom(each, roomId)));
      const { timeline } = room;
      return objectText({
        room_id: JSON.stringify(roomId),
        membership: JSON.stringify(membership),
        visibility: JSON.stringify(await visibilityOf(ports, roomId)),
        messages: objectText({
          chunk: placed(timeline.events),
          start: JSON.stringify(timeline.prevBatch),
          end: JSON.stringify(nextBatch),
        }),
        state: placed(room.state),
        account_data: list(room.accountData),
      });
    }),
  );
}

function invitedTo(ports: Ports, { rooms }: SyncAnswer<ToldRoom>, userId: UserId): Promise<Json[]> {
  return Promise.all(
    [...rooms.invite.keys()].map(async (roomId) => {
      const event = await (await ports.rooms.open(roomId))?.stateEvent('m.room.member', userId);
      return objectText({
        room_id: JSON.stringify(roomId),
        membership: '"invite"',
        visibility: JSON.stringify(await visibilityOf(ports, roomId)),
        inviter: event && JSON.stringify(event.sender),
        invite: event && renderedEvent(event, { userId, deviceId: undefined }),
      });
    }),
  );
}

const visibilityOf = async ({ rooms }: Ports, roomId: RoomId) =>
  (await rooms.isPublished(roomId)) ? 'public' : 'private';

async function receiptsIn({ rooms }: SyncAnswer<ToldRoom>): Promise<Json[]> {
  const receipts: Json[] = [];
  for (const [roomId, { ephemeral }] of rooms.join)
    for (const receipt of await those(ephemeral, ({ type }) => type === 'm.receipt'))
      receipts.push(withRoom(receipt, roomId));
  return receipts;
}

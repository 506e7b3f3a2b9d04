import { z } from 'zod';
import type { AccountData } from '../../accounts/account-data.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { encodePlace } from '../../rooms/pagination-token.ts';
import { type Reading, readingOf } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { LargeReads } from './large-reads.ts';
import { lastPlace } from './last-place.ts';
import { limitField } from './page-request.ts';
import { answerOf, renderedEvents, renderedSeen } from './rendered.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf' | 'isPublished'>;
  readonly accountData: Pick<AccountData, 'ofRoom'>;
  readonly largeReads: LargeReads;
}

/** A room at once, for those who look into one that they are not in, and for old bots. */
export const roomInitialSync = endpoint({
  operation: 'roomInitialSync',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/initialSync',
    'GET /_matrix/client/r0/rooms/{roomId}/initialSync',
  ],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({ limit: limitField }),

  async handle({ caller, path, query, signal }, { rooms, accountData, largeReads }: Ports) {
    const { userId } = caller;
    await largeReads.enter(userId, signal);
    const reading = await readingOf(rooms, path.roomId, userId);
    const { room, departure } = reading;
    const state = departure ? await room.stateAfter(departure) : await room.state();
    const membership = room.membershipOf(userId);
    return answerOf({
      room_id: JSON.stringify(room.roomId),
      membership: membership && JSON.stringify(membership),
      visibility: JSON.stringify((await rooms.isPublished(room.roomId)) ? 'public' : 'private'),
      messages: await newest(reading, query.limit, caller),
      state: renderedEvents(await room.shownTo(userId, state), caller),
      account_data: JSON.stringify(await accountData.ofRoom(userId, room.roomId)),
    });
  },
});

/** In the order in which they were said, as /sync has them. */
async function newest(
  reading: Reading,
  limit: number,
  caller: Parameters<typeof renderedSeen>[1],
): Promise<string> {
  const { room } = reading;
  const from = await lastPlace(reading);
  const page = await room.page({ reader: caller.userId, from, direction: 'b', limit });
  const events = await room.withRelations(caller, page.events.toReversed());
  const [start, end] = [page.end, from].map((place) => JSON.stringify(encodePlace(place)));
  return `{"chunk":${renderedSeen(events, caller)},"start":${start},"end":${end}}`;
}

import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import { parseRoomId, type RoomId, type UserId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';

const PAGE = 100;

/** The rooms in which both are, by their ids. */
export const getMutualRooms = endpoint({
  operation: 'getMutualRooms',
  routes: [
    'GET /_matrix/client/v1/mutual_rooms',
    'GET /_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ user_id: userId, from: z.string().optional() }),

  async handle({ caller, query }, { rooms }: { rooms: Pick<Rooms, 'roomsOf'> }) {
    const { user_id: other, from } = query;
    if (other === caller.userId) throw invalidParam('user_id is your own');
    const after = from === undefined ? '' : behind(from);
    const own = await joinedOf(rooms, caller.userId);
    const shared = [...(await joinedOf(rooms, other))].filter((id) => own.has(id)).sort();
    const rest = shared.filter((roomId) => roomId > after);
    const joined = rest.slice(0, PAGE);
    return {
      joined,
      count: shared.length,
      ...(rest.length > PAGE && { next_batch: `m${joined.at(-1)}` }),
    };
  },
});

function behind(token: string): string {
  const roomId = token.startsWith('m') ? parseRoomId(token.slice(1)) : undefined;
  if (!roomId?.ok) throw invalidParam('from is not a token of this endpoint');
  return roomId.value;
}

async function joinedOf(rooms: Pick<Rooms, 'roomsOf'>, userId: UserId): Promise<Set<RoomId>> {
  const all = [...(await rooms.roomsOf(userId)).values()];
  return new Set(all.filter((each) => each.membership === 'join').map(({ roomId }) => roomId));
}

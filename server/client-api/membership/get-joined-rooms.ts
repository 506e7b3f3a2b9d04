import { endpoint } from '../../http/endpoint.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export const getJoinedRooms = endpoint({
  operation: 'getJoinedRooms',
  routes: ['GET /_matrix/client/v3/joined_rooms', 'GET /_matrix/client/r0/joined_rooms'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',

  async handle({ caller }, { rooms }: { rooms: Pick<Rooms, 'roomsOf'> }) {
    const all = [...(await rooms.roomsOf(caller.userId)).values()];
    const joined = all.filter((each) => each.membership === 'join');
    return { joined_rooms: joined.map((each) => each.roomId) };
  },
});

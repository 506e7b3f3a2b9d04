import { endpoint } from '../../http/endpoint.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';

type Ports = LocalPorts & { readonly rooms: Pick<Rooms, 'roomsOf'> };

export const getUsersJoinedRooms = endpoint({
  operation: 'adminGetJoinedRooms',
  routes: ['GET /_synapse/admin/v1/users/{userId}/joined_rooms'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofUser,
  async handle({ path }, ports: Ports) {
    await localAccount(ports, path.userId);
    const all = [...(await ports.rooms.roomsOf(path.userId)).values()];
    const joined = all.filter(({ membership }) => membership === 'join');
    return { joined_rooms: joined.map(({ roomId }) => roomId), total: joined.length };
  },
});

import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { knownRoom, type RoomPorts } from './open-room.ts';

export const getRoomsMembers = endpoint({
  operation: 'adminGetRoomMembers',
  routes: ['GET /_synapse/admin/v1/rooms/{roomId}/members'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  async handle({ path }, ports: RoomPorts) {
    const members = [...(await knownRoom(ports, path.roomId)).members('join')];
    return { members, total: members.length };
  },
});

import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { knownRoom, type RoomPorts } from './open-room.ts';
import { roomDetails } from './room-details.ts';

export const getRoomDetails = endpoint({
  operation: 'adminGetRoom',
  routes: ['GET /_synapse/admin/v1/rooms/{roomId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  handle: async ({ path }, ports: RoomPorts) => roomDetails(await knownRoom(ports, path.roomId)),
});

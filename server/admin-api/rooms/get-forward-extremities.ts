import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import type { RoomList } from '../../rooms/read/room-list.ts';
import { knownRoom, type RoomPorts } from './open-room.ts';

type Ports = RoomPorts & { readonly roomList: Pick<RoomList, 'extremitiesOf'> };

/** What the next event of the room is built upon. When each came is not noted; its own time is told. */
export const getForwardExtremities = endpoint({
  operation: 'adminGetForwardExtremities',
  routes: ['GET /_synapse/admin/v1/rooms/{roomId}/forward_extremities'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  async handle({ path }, ports: Ports) {
    await knownRoom(ports, path.roomId);
    const results = await ports.roomList.extremitiesOf(path.roomId);
    return { count: results.length, results };
  },
});

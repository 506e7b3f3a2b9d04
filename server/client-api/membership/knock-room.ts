import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomIdOrAlias } from '../../http/fields.ts';
import { enteringBody, enterRoom, type Ports, roomIdOf } from './enter-room.ts';

export const knockRoom = endpoint({
  operation: 'knockRoom',
  routes: ['POST /_matrix/client/v3/knock/{roomIdOrAlias}'],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomIdOrAlias }),
  body: enteringBody,

  async handle(call, ports: Ports) {
    const room_id = await roomIdOf(ports.rooms, call.path.roomIdOrAlias);
    return enterRoom(ports, room_id, 'knock', call);
  },
});

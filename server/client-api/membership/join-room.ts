import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomIdOrAlias } from '../../http/fields.ts';
import { enteringBody, enterRoom, type Ports, roomIdOf } from './enter-room.ts';

/** The servers to go through (`via`) matter only for rooms that this server is not in. */
export const joinRoom = endpoint({
  operation: 'joinRoom',
  routes: [
    'POST /_matrix/client/v3/join/{roomIdOrAlias}',
    'POST /_matrix/client/r0/join/{roomIdOrAlias}',
  ],
  auth: 'guest',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomIdOrAlias }),
  body: enteringBody,

  async handle(call, ports: Ports) {
    const room_id = await roomIdOf(ports.rooms, call.path.roomIdOrAlias);
    return enterRoom(ports, room_id, 'join', call);
  },
});

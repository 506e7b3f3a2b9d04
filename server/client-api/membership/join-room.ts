import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomIdOrAlias } from '../../http/fields.ts';
import { enteringBody, enterRoom, type Ports, roomOf, throughServers } from './enter-room.ts';

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
  query: throughServers,
  body: enteringBody,

  async handle(call, ports: Ports) {
    const { roomId, via } = await roomOf(ports.rooms, call.path.roomIdOrAlias, call.query);
    return enterRoom(ports, roomId, 'join', { ...call, via });
  },
});

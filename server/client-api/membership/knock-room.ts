import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomIdOrAlias } from '../../http/fields.ts';
import { enteringBody, enterRoom, type Ports, roomOf, throughServers } from './enter-room.ts';

export const knockRoom = endpoint({
  operation: 'knockRoom',
  routes: ['POST /_matrix/client/v3/knock/{roomIdOrAlias}'],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomIdOrAlias }),
  query: throughServers,
  body: enteringBody,

  async handle(call, ports: Ports) {
    const { roomId, via } = await roomOf(ports.rooms, call.path.roomIdOrAlias, call.query);
    return enterRoom(ports, roomId, 'knock', { ...call, via });
  },
});

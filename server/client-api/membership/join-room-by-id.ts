import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { enteringBody, enterRoom, type Ports, throughServers } from './enter-room.ts';

export const joinRoomById = endpoint({
  operation: 'joinRoomById',
  routes: [
    'POST /_matrix/client/v3/rooms/{roomId}/join',
    'POST /_matrix/client/r0/rooms/{roomId}/join',
  ],
  auth: 'guest',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  // As other servers have it; the specification knows it at `joinRoom` alone.
  query: throughServers,
  body: enteringBody,

  handle: (call, ports: Ports) =>
    enterRoom(ports, call.path.roomId, 'join', { ...call, via: call.query }),
});

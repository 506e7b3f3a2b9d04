import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { type SharedRoomPorts, transactionOf } from './shared-room.ts';

export const getEvent = endpoint({
  operation: 'getEvent',
  routes: ['GET /_matrix/federation/v1/event/{eventId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ eventId }),

  async handle({ caller, path }, ports: SharedRoomPorts) {
    const roomId = await ports.rooms.roomOfEvent(path.eventId);
    if (roomId === undefined) throw notFound(`There is no ${path.eventId} here`);
    const room = await ports.rooms.openForServer(roomId, caller.origin);
    return transactionOf(ports, [await room.event(path.eventId)]);
  },
});

import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import {
  type RelationsPorts,
  relatingEvents,
  relationsPath,
  relationsQuery,
  relTypeField,
} from './relating-events.ts';

export const getRelatingEventsWithRelTypeAndEventType = endpoint({
  operation: 'getRelatingEventsWithRelTypeAndEventType',
  routes: ['GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ ...relationsPath, relType: relTypeField, eventType: z.string() }),
  query: relationsQuery,
  handle: (call, ports: RelationsPorts) =>
    relatingEvents(call, ports, {
      relType: call.path.relType,
      type: call.path.eventType,
    }),
});

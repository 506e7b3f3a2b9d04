import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import {
  type RelationsPorts,
  relatingEvents,
  relationsPath,
  relationsQuery,
  relTypeField,
} from './relating-events.ts';

export const getRelatingEventsWithRelType = endpoint({
  operation: 'getRelatingEventsWithRelType',
  routes: ['GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ ...relationsPath, relType: relTypeField }),
  query: relationsQuery,
  handle: (call, ports: RelationsPorts) =>
    relatingEvents(call, ports, { relType: call.path.relType }),
});

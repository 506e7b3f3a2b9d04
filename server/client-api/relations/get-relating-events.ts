import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import {
  type RelationsPorts,
  relatingEvents,
  relationsPath,
  relationsQuery,
} from './relating-events.ts';

export const getRelatingEvents = endpoint({
  operation: 'getRelatingEvents',
  routes: ['GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object(relationsPath),
  query: relationsQuery,
  handle: (call, ports: RelationsPorts) => relatingEvents(call, ports, {}),
});

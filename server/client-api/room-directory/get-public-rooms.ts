import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { wholeNumber } from '../../http/fields.ts';
import { type PublicRoomsPorts, publicRooms } from './public-rooms.ts';

export const getPublicRooms = endpoint({
  operation: 'getPublicRooms',
  routes: ['GET /_matrix/client/v3/publicRooms', 'GET /_matrix/client/r0/publicRooms'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    limit: wholeNumber.optional(),
    since: z.string().optional(),
    server: z.string().optional(),
  }),
  handle: ({ query }, ports: PublicRoomsPorts) => publicRooms(ports, query),
});

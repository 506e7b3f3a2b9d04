import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { wholeNumber } from '../../http/fields.ts';
import { subscriberOf } from '../../http/rate-limits.ts';
import { type DirectoryPorts, publicRoomsOf } from './public-rooms-elsewhere.ts';

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
  handle: ({ query: { server, ...wish }, request }, ports: DirectoryPorts) =>
    publicRoomsOf(server, ports, wish, subscriberOf(request.address)),
});

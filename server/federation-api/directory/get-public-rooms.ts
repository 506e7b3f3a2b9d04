import { z } from 'zod';
import { directoryAskedFor } from '../../client-api/room-directory/directory-asked-for.ts';
import {
  type PublicRoomsPorts,
  publicRooms,
} from '../../client-api/room-directory/public-rooms.ts';
import { endpoint } from '../../http/endpoint.ts';
import { trueOrFalse, wholeNumber } from '../../http/fields.ts';

export const getPublicRooms = endpoint({
  operation: 'getPublicRooms',
  routes: ['GET /_matrix/federation/v1/publicRooms'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    limit: wholeNumber.optional(),
    since: z.string().optional(),
    include_all_networks: trueOrFalse.optional(),
    third_party_instance_id: z.string().optional(),
  }),

  handle({ query }, ports: PublicRoomsPorts) {
    const { limit, since } = query;
    return publicRooms(ports, { limit, since, directory: directoryAskedFor(query) });
  },
});

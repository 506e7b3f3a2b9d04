import { z } from 'zod';
import { directoryAskedFor } from '../../client-api/room-directory/directory-asked-for.ts';
import {
  type PublicRoomsPorts,
  publicRooms,
} from '../../client-api/room-directory/public-rooms.ts';
import { endpoint } from '../../http/endpoint.ts';
import { listOf, name } from '../../http/fields.ts';

export const queryPublicRooms = endpoint({
  operation: 'queryPublicRooms',
  routes: ['POST /_matrix/federation/v1/publicRooms'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  body: {
    json: z.object({
      limit: z.int().nonnegative().optional(),
      since: z.string().optional(),
      filter: z
        .object({
          generic_search_term: name.nullish(),
          room_types: listOf(z.string().nullable(), 100).nullish(),
        })
        .nullish(),
      include_all_networks: z.boolean().nullish(),
      third_party_instance_id: z.string().nullish(),
    }),
  },

  handle({ body }, ports: PublicRoomsPorts) {
    const { limit, since, filter } = body;
    return publicRooms(ports, {
      ...{ limit, since, directory: directoryAskedFor(body) },
      term: filter?.generic_search_term ?? undefined,
      roomTypes: filter?.room_types ?? undefined,
    });
  },
});

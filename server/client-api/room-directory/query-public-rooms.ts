import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { listOf, name } from '../../http/fields.ts';
import { directoryAskedFor } from './directory-asked-for.ts';
import { type DirectoryPorts, publicRoomsOf } from './public-rooms-elsewhere.ts';

const body = z.object({
  limit: z.int().nonnegative().optional(),
  since: z.string().optional(),
  filter: z
    .object({
      generic_search_term: name.optional(),
      room_types: listOf(z.string().nullable(), 100).optional(),
    })
    .optional(),
  include_all_networks: z.boolean().optional(),
  third_party_instance_id: z.string().optional(),
});

export const queryPublicRooms = endpoint({
  operation: 'queryPublicRooms',
  routes: ['POST /_matrix/client/v3/publicRooms', 'POST /_matrix/client/r0/publicRooms'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ server: z.string().optional() }),
  body: { json: body, mayBeEmpty: true },

  async handle({ caller, query: { server }, body }, ports: DirectoryPorts) {
    const { limit, since, filter } = body;
    const wish = {
      ...{ limit, since, directory: directoryAskedFor(body) },
      ...{ term: filter?.generic_search_term, roomTypes: filter?.room_types },
    };
    return publicRoomsOf(server, ports, wish, caller.userId);
  },
});

import { z } from 'zod';
import {
  DESTINATION_ORDERS,
  type DestinationList,
} from '../../federation/sending/destination-list.ts';
import { endpoint } from '../../http/endpoint.ts';
import { nextToken, pageFields } from '../page-fields.ts';

export const listDestinations = endpoint({
  operation: 'adminListDestinations',
  routes: ['GET /_synapse/admin/v1/federation/destinations'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    ...pageFields,
    destination: z.string().max(255).optional(),
    order_by: z.enum(DESTINATION_ORDERS).default('destination'),
  }),
  async handle({ query }, { destinationList }: { destinationList: Pick<DestinationList, 'page'> }) {
    const { destination: text, order_by: order, dir, from, limit } = query;
    const page = { text, order, isReversed: dir === 'b', from, limit };
    const { destinations, total } = await destinationList.page(page);
    const seen = destinations.length;
    return { destinations, total, ...nextToken({ from, seen, total }, String) };
  },
});

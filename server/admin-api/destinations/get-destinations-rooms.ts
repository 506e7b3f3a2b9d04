import { z } from 'zod';
import type { LargeReads } from '../../client-api/events/large-reads.ts';
import { endpoint } from '../../http/endpoint.ts';
import { nextToken, pageFields } from '../page-fields.ts';
import { type DestinationPorts, knownDestination, ofDestination } from './known-destination.ts';

type Ports = DestinationPorts & { readonly largeReads: Pick<LargeReads, 'enter'> };

/** All memberships are looked through. */
export const getDestinationsRooms = endpoint({
  operation: 'adminGetDestinationsRooms',
  routes: ['GET /_synapse/admin/v1/federation/destinations/{destination}/rooms'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofDestination,
  query: z.object(pageFields),
  async handle({ caller, path, query, signal }, ports: Ports) {
    await ports.largeReads.enter(caller.userId, signal);
    await knownDestination(ports, path.destination);
    const { from, limit, dir } = query;
    const page = { from, limit, isReversed: dir === 'b' };
    const { rooms, total } = await ports.destinationList.roomsOf(path.destination, page);
    return { rooms, total, ...nextToken({ from, seen: rooms.length, total }, String) };
  },
});

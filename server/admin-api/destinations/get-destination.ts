import { endpoint } from '../../http/endpoint.ts';
import { type DestinationPorts, knownDestination, ofDestination } from './known-destination.ts';

export const getDestination = endpoint({
  operation: 'adminGetDestination',
  routes: ['GET /_synapse/admin/v1/federation/destinations/{destination}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofDestination,
  handle: async ({ path }, ports: DestinationPorts) => ({
    ...(await knownDestination(ports, path.destination)),
  }),
});

import { endpoint } from '../../http/endpoint.ts';

/** Bridges are application services, of which there are none yet. */
export const getProtocols = endpoint({
  operation: 'getProtocols',
  routes: ['GET /_matrix/client/v3/thirdparty/protocols'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: async () => ({}),
});

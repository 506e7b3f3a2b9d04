import { endpoint } from '../../http/endpoint.ts';

/** Empty for "none": clients then call without a TURN server. */
export const getTurnServer = endpoint({
  operation: 'getTurnServer',
  routes: ['GET /_matrix/client/v3/voip/turnServer'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: async () => ({}),
});

import { endpoint } from '../../http/endpoint.ts';

export const getTokenOwner = endpoint({
  operation: 'getTokenOwner',
  routes: ['GET /_matrix/client/v3/account/whoami', 'GET /_matrix/client/r0/account/whoami'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: async ({ caller }) => ({
    user_id: caller.userId,
    device_id: caller.deviceId,
    is_guest: caller.kind === 'guest',
  }),
});

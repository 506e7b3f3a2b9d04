import { endpoint } from '../../http/endpoint.ts';
import { notFound } from '../../http/matrix-error.ts';

/** Nobody has a backup of room keys here, since there is no way yet to make one. */
export const getRoomKeysVersionCurrent = endpoint({
  operation: 'getRoomKeysVersionCurrent',
  routes: ['GET /_matrix/client/v3/room_keys/version'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle() {
    throw notFound('There is no backup of room keys');
  },
});

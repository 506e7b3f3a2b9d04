import { endpoint } from '../../http/endpoint.ts';
import { type MediaOptions, toldOf } from './media-options.ts';

export const getConfig = endpoint({
  operation: 'getConfig',
  routes: ['GET /_matrix/media/v3/config', 'GET /_matrix/media/r0/config'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: async (_call, { mediaOptions }: { mediaOptions: MediaOptions }) => toldOf(mediaOptions),
});

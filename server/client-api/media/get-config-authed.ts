import { endpoint } from '../../http/endpoint.ts';
import { type MediaOptions, toldOf } from './media-options.ts';

export const getConfigAuthed = endpoint({
  operation: 'getConfigAuthed',
  routes: ['GET /_matrix/client/v1/media/config'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: async (_call, { mediaOptions }: { mediaOptions: MediaOptions }) => toldOf(mediaOptions),
});

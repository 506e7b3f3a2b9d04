import { endpoint } from '../../http/endpoint.ts';
import type { Media } from '../../media/media.ts';
import { download, downloadQuery, mediaPath } from './downloaded.ts';

export const getContentAuthed = endpoint({
  operation: 'getContentAuthed',
  routes: ['GET /_matrix/client/v1/media/download/{serverName}/{mediaId}'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: mediaPath,
  query: downloadQuery,
  handle: (call, ports: { media: Pick<Media, 'contentOf' | 'read'> }) =>
    download(call, ports, call.caller.userId),
});

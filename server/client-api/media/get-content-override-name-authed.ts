import { endpoint } from '../../http/endpoint.ts';
import type { Media } from '../../media/media.ts';
import { download, downloadQuery, namedMediaPath } from './downloaded.ts';

export const getContentOverrideNameAuthed = endpoint({
  operation: 'getContentOverrideNameAuthed',
  routes: ['GET /_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: namedMediaPath,
  query: downloadQuery,
  handle: (call, ports: { media: Pick<Media, 'contentOf' | 'read'> }) =>
    download(call, ports, call.caller.userId),
});

import { endpoint } from '../../http/endpoint.ts';
import { mediaPath } from './downloaded.ts';
import { type ThumbnailPorts, thumbnail, thumbnailQuery } from './thumbnailed.ts';

export const getContentThumbnailAuthed = endpoint({
  operation: 'getContentThumbnailAuthed',
  routes: ['GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: mediaPath,
  query: thumbnailQuery,
  handle: (call, ports: ThumbnailPorts) => {
    const { userId } = call.caller;
    return thumbnail(call, ports, { who: userId, asks: userId });
  },
});

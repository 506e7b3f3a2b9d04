import { endpoint } from '../../http/endpoint.ts';
import { mediaPath } from './downloaded.ts';
import type { MediaOptions } from './media-options.ts';
import { type ThumbnailPorts, thumbnail, thumbnailQuery } from './thumbnailed.ts';
import { refuseUnlessOpen } from './without-token.ts';

interface Ports extends ThumbnailPorts {
  readonly mediaOptions: MediaOptions;
}

export const getContentThumbnail = endpoint({
  operation: 'getContentThumbnail',
  routes: [
    'GET /_matrix/media/v3/thumbnail/{serverName}/{mediaId}',
    'GET /_matrix/media/r0/thumbnail/{serverName}/{mediaId}',
  ],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: mediaPath,
  query: thumbnailQuery,
  async handle(call, ports: Ports) {
    refuseUnlessOpen(ports.mediaOptions);
    return thumbnail(call, ports, call.request.address);
  },
});

import { endpoint } from '../../http/endpoint.ts';
import { mediaPath } from './downloaded.ts';
import { type ThumbnailPorts, thumbnail, thumbnailQuery } from './thumbnailed.ts';
import { refuseUnlessOpen, type WithoutToken } from './without-token.ts';

type Ports = ThumbnailPorts & WithoutToken;

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
    await refuseUnlessOpen(call.path, ports);
    return thumbnail(call, ports, { who: call.request.address });
  },
});

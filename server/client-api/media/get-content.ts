import { endpoint } from '../../http/endpoint.ts';
import { downloadQuery, mediaPath } from './downloaded.ts';
import { type DownloadPorts, downloadWithoutToken } from './without-token.ts';

export const getContent = endpoint({
  operation: 'getContent',
  routes: [
    'GET /_matrix/media/v3/download/{serverName}/{mediaId}',
    'GET /_matrix/media/r0/download/{serverName}/{mediaId}',
  ],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: mediaPath,
  query: downloadQuery,
  handle: (call, ports: DownloadPorts) => downloadWithoutToken(call, ports),
});

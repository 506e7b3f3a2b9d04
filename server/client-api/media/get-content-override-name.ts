import { endpoint } from '../../http/endpoint.ts';
import { downloadQuery, namedMediaPath } from './downloaded.ts';
import { type DownloadPorts, downloadWithoutToken } from './without-token.ts';

export const getContentOverrideName = endpoint({
  operation: 'getContentOverrideName',
  routes: [
    'GET /_matrix/media/v3/download/{serverName}/{mediaId}/{fileName}',
    'GET /_matrix/media/r0/download/{serverName}/{mediaId}/{fileName}',
  ],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: namedMediaPath,
  query: downloadQuery,
  handle: (call, ports: DownloadPorts) => downloadWithoutToken(call, ports),
});

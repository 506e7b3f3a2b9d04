import { endpoint } from '../../http/endpoint.ts';
import { type PreviewPort, preview, previewQuery } from './previewed.ts';

export const getUrlPreview = endpoint({
  operation: 'getUrlPreview',
  routes: ['GET /_matrix/media/v3/preview_url', 'GET /_matrix/media/r0/preview_url'],
  auth: 'user',
  rateLimit: 'preview',
  idempotency: 'natural',
  query: previewQuery,
  handle: (call, ports: PreviewPort) => preview(call, ports),
});

import { endpoint } from '../../http/endpoint.ts';
import { type PreviewPort, preview, previewQuery } from './previewed.ts';

export const getUrlPreviewAuthed = endpoint({
  operation: 'getUrlPreviewAuthed',
  routes: ['GET /_matrix/client/v1/media/preview_url'],
  auth: 'user',
  rateLimit: 'preview',
  idempotency: 'natural',
  query: previewQuery,
  handle: (call, ports: PreviewPort) => preview(call, ports),
});

import { endpoint, STREAM } from '../../http/endpoint.ts';
import type { Media } from '../../media/media.ts';
import type { MediaOptions } from './media-options.ts';
import { uploadOf, uploadQuery } from './uploaded.ts';

interface Ports {
  readonly media: Pick<Media, 'upload'>;
  readonly mediaOptions: MediaOptions;
}

export const uploadContent = endpoint({
  operation: 'uploadContent',
  routes: ['POST /_matrix/media/v3/upload', 'POST /_matrix/media/r0/upload'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  standing: 'active',
  query: uploadQuery,
  body: STREAM,
  handle: (call, { media, mediaOptions }: Ports) =>
    media.upload(uploadOf(call, mediaOptions), call.once),
});

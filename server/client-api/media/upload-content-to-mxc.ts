import { z } from 'zod';
import { endpoint, STREAM } from '../../http/endpoint.ts';
import { name, serverName } from '../../http/fields.ts';
import type { Media } from '../../media/media.ts';
import type { MediaOptions } from './media-options.ts';
import { uploadOf, uploadQuery } from './uploaded.ts';

interface Ports {
  readonly media: Pick<Media, 'uploadTo'>;
  readonly mediaOptions: MediaOptions;
}

export const uploadContentToMXC = endpoint({
  operation: 'uploadContentToMXC',
  routes: ['PUT /_matrix/media/v3/upload/{serverName}/{mediaId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  standing: 'active',
  path: z.object({ serverName, mediaId: name }),
  query: uploadQuery,
  body: STREAM,
  handle: (call, { media, mediaOptions }: Ports) =>
    media.uploadTo(call.path, uploadOf(call, mediaOptions), call.once),
});

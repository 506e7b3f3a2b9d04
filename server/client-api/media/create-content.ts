import { endpoint } from '../../http/endpoint.ts';
import type { Media } from '../../media/media.ts';

export const createContent = endpoint({
  operation: 'createContent',
  routes: ['POST /_matrix/media/v1/create'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  standing: 'active',
  handle: ({ caller, once }, { media }: { media: Pick<Media, 'create'> }) =>
    media.create(caller.userId, once),
});

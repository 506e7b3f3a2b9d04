import { z } from 'zod';
import type { ThirdParties } from '../../app-services/third-parties.ts';
import { endpoint } from '../../http/endpoint.ts';

export const getProtocolMetadata = endpoint({
  operation: 'getProtocolMetadata',
  routes: ['GET /_matrix/client/v3/thirdparty/protocol/{protocol}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ protocol: z.string() }),

  handle: ({ path }, { thirdParties }: { thirdParties: Pick<ThirdParties, 'protocol'> }) =>
    thirdParties.protocol(path.protocol),
});

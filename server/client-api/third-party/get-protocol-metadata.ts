import { z } from 'zod';
import type { ThirdParties } from '../../app-services/third-parties.ts';
import { endpoint } from '../../http/endpoint.ts';
import { notFound } from '../../http/matrix-error.ts';

export const getProtocolMetadata = endpoint({
  operation: 'getProtocolMetadata',
  routes: ['GET /_matrix/client/v3/thirdparty/protocol/{protocol}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ protocol: z.string() }),

  async handle({ path }, { thirdParties }: { thirdParties: Pick<ThirdParties, 'protocol'> }) {
    const protocol = await thirdParties.protocol(path.protocol);
    if (!protocol) throw notFound(`There is no bridge to ${path.protocol} here`);
    return protocol;
  },
});

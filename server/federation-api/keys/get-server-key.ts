import { z } from 'zod';
import type { Notary } from '../../federation/keys/notary.ts';
import { endpoint } from '../../http/endpoint.ts';

/** Fronts answer it too while there is no writer, from what they were last told. */
export const getServerKey = endpoint({
  operation: 'getServerKey',
  routes: ['GET /_matrix/key/v2/server', 'GET /_matrix/key/v2/server/{keyId}'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ keyId: z.string().optional() }),
  handle: async (_call, { notary }: { notary: Pick<Notary, 'own'> }) => notary.own(),
});

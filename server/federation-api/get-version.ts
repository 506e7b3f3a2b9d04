import { endpoint } from '../http/endpoint.ts';

export const getVersion = endpoint({
  operation: 'getVersion',
  routes: ['GET /_matrix/federation/v1/version'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  servedBy: 'any',
  handle: async (_call, { programVersion: version }: { programVersion: string }) => ({
    server: { name: 'Farol', version },
  }),
});

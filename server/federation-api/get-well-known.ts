import { endpoint } from '../http/endpoint.ts';
import { notFound } from '../http/matrix-error.ts';

/** Other servers reach us where clients do, so nothing need listen at port 8448. */
export const getWellKnown = endpoint({
  operation: 'getWellKnown',
  routes: ['GET /.well-known/matrix/server'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  servedBy: 'any',
  async handle(_call, { publicUrl }: { publicUrl: string | undefined }) {
    const url = publicUrl === undefined ? null : URL.parse(publicUrl);
    if (url?.protocol !== 'https:') throw notFound('This server has no public URL by https');
    return { 'm.server': `${url.hostname}:${url.port || '443'}` };
  },
});

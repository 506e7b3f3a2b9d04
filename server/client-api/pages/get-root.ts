import { endpoint } from '../../http/endpoint.ts';
import { redirect } from '../../http/page.ts';

export const getRoot = endpoint({
  operation: 'getRoot',
  routes: ['GET /'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  servedBy: 'any',
  handle: async () => redirect('_matrix/static/'),
});

import type { Pushers } from '../../accounts/pushers.ts';
import { endpoint } from '../../http/endpoint.ts';

export const getPushers = endpoint({
  operation: 'getPushers',
  routes: ['GET /_matrix/client/v3/pushers'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle({ caller }, { pushers }: { pushers: Pick<Pushers, 'list'> }) {
    return { pushers: await pushers.list(caller.userId) };
  },
});

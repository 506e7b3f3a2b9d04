import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';

export const getPushRules = endpoint({
  operation: 'getPushRules',
  routes: ['GET /_matrix/client/v3/pushrules/', 'GET /_matrix/client/v3/pushrules'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle({ caller }, { pushRules }: { pushRules: Pick<PushRules, 'of'> }) {
    return { global: await pushRules.of(caller.userId) };
  },
});

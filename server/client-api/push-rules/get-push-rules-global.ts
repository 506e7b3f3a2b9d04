import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';

export const getPushRulesGlobal = endpoint({
  operation: 'getPushRulesGlobal',
  routes: ['GET /_matrix/client/v3/pushrules/global/', 'GET /_matrix/client/v3/pushrules/global'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: ({ caller }, { pushRules }: { pushRules: Pick<PushRules, 'of'> }) =>
    pushRules.of(caller.userId),
});

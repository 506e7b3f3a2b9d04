import { ruleAt } from '../../accounts/push-rule-edits.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';
import { rulePath } from './rule-fields.ts';

export const getPushRule = endpoint({
  operation: 'getPushRule',
  routes: ['GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}'],
  auth: 'user',
  rateLimit: 'none',
  idempotency: 'natural',
  path: rulePath,
  async handle({ caller, path }, { pushRules }: { pushRules: Pick<PushRules, 'of'> }) {
    return ruleAt(await pushRules.of(caller.userId), path.kind, path.ruleId);
  },
});

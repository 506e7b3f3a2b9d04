import { ruleAt } from '../../accounts/push-rule-edits.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';
import { anyRulePath } from './rule-fields.ts';

export const getPushRuleActions = endpoint({
  operation: 'getPushRuleActions',
  routes: ['GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: anyRulePath,
  async handle({ caller, path }, { pushRules }: { pushRules: Pick<PushRules, 'of'> }) {
    const { actions } = ruleAt(await pushRules.of(caller.userId), path.kind, path.ruleId);
    return { actions };
  },
});

import { ruleAt } from '../../accounts/push-rule-edits.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';
import { anyRulePath } from './rule-fields.ts';

export const isPushRuleEnabled = endpoint({
  operation: 'isPushRuleEnabled',
  routes: ['GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: anyRulePath,
  async handle({ caller, path }, { pushRules }: { pushRules: Pick<PushRules, 'of'> }) {
    const { enabled } = ruleAt(await pushRules.of(caller.userId), path.kind, path.ruleId);
    return { enabled };
  },
});

import { removeRule } from '../../accounts/push-rule-edits.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';
import { rulePath } from './rule-fields.ts';

/** With an outcome: its repeat would find no rule, and must not be told so. */
export const deletePushRule = endpoint({
  operation: 'deletePushRule',
  routes: ['DELETE /_matrix/client/v3/pushrules/global/{kind}/{ruleId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  path: rulePath,
  async handle({ caller, path, once }, { pushRules }: { pushRules: Pick<PushRules, 'edit'> }) {
    const { kind, ruleId } = path;
    await pushRules.edit(caller.userId, (rules) => removeRule(rules, kind, ruleId), once);
    return {};
  },
});

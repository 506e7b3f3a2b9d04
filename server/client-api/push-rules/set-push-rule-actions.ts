import { z } from 'zod';
import { changeRule } from '../../accounts/push-rule-edits.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';
import { actions, rulePath } from './rule-fields.ts';

export const setPushRuleActions = endpoint({
  operation: 'setPushRuleActions',
  routes: ['PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: rulePath,
  body: { json: z.object({ actions }) },
  async handle({ caller, path, body }, { pushRules }: { pushRules: Pick<PushRules, 'edit'> }) {
    await pushRules.edit(caller.userId, (rules) => changeRule(rules, path, body));
    return {};
  },
});

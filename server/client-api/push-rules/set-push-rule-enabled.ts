import { z } from 'zod';
import { changeRule } from '../../accounts/push-rule-edits.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';
import { rulePath } from './rule-fields.ts';

export const setPushRuleEnabled = endpoint({
  operation: 'setPushRuleEnabled',
  routes: ['PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: rulePath,
  body: { json: z.object({ enabled: z.boolean() }) },
  async handle({ caller, path, body }, { pushRules }: { pushRules: Pick<PushRules, 'edit'> }) {
    await pushRules.edit(caller.userId, (rules) => changeRule(rules, path, body));
    return {};
  },
});

import { z } from 'zod';
import { putRule } from '../../accounts/push-rule-edits.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';
import { actions, conditions, pattern, rulePath } from './rule-fields.ts';

export const setPushRule = endpoint({
  operation: 'setPushRule',
  routes: ['PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: rulePath,
  query: z.object({ before: z.string().optional(), after: z.string().optional() }),
  body: {
    json: z.object({
      actions,
      conditions: conditions.optional(),
      pattern: pattern.optional(),
    }),
  },
  async handle(
    { caller, path, query, body },
    { pushRules }: { pushRules: Pick<PushRules, 'edit'> },
  ) {
    await pushRules.edit(caller.userId, (rules) => putRule(rules, path, body, query));
    return {};
  },
});

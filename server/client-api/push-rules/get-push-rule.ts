import { z } from 'zod';
import { ruleAt, rulesOfKind } from '../../accounts/push-rule-edits.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import { endpoint } from '../../http/endpoint.ts';

/** Without a rule's id all rules of the kind: no longer in the specification, but old clients ask. */
export const getPushRule = endpoint({
  operation: 'getPushRule',
  routes: [
    'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
    'GET /_matrix/client/v3/pushrules/global/{kind}/',
    'GET /_matrix/client/v3/pushrules/global/{kind}',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ kind: z.string(), ruleId: z.string().optional() }),
  async handle({ caller, path }, { pushRules }: { pushRules: Pick<PushRules, 'of'> }) {
    const rules = await pushRules.of(caller.userId);
    return path.ruleId === undefined
      ? rulesOfKind(rules, path.kind)
      : ruleAt(rules, path.kind, path.ruleId);
  },
});

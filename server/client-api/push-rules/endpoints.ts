import { deletePushRule } from './delete-push-rule.ts';
import { getNotifications } from './get-notifications.ts';
import { getPushRule } from './get-push-rule.ts';
import { getPushRuleActions } from './get-push-rule-actions.ts';
import { getPushRules } from './get-push-rules.ts';
import { getPushRulesGlobal } from './get-push-rules-global.ts';
import { isPushRuleEnabled } from './is-push-rule-enabled.ts';
import { setPushRule } from './set-push-rule.ts';
import { setPushRuleActions } from './set-push-rule-actions.ts';
import { setPushRuleEnabled } from './set-push-rule-enabled.ts';

export const pushRuleEndpoints = [
  getPushRules,
  getPushRulesGlobal,
  getPushRule,
  setPushRule,
  deletePushRule,
  isPushRuleEnabled,
  setPushRuleEnabled,
  getPushRuleActions,
  setPushRuleActions,
  getNotifications,
];

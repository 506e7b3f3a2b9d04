import type { JsonObject } from '../json.ts';
import { bodyMatches, holds, type PushContext } from './conditions.ts';
import { type Action, type PushRule, RULE_KINDS, type RuleKind, type Ruleset } from './rules.ts';

/**
 * What a user's rules say of an event: the actions of the first enabled rule that matches, without
 * the historical ones; empty where none matches. `event` is in the client's form. That nobody is
 * notified of an event of their own is up to the caller, who knows both.
 */
export function evaluate(
  event: JsonObject,
  rules: Ruleset,
  context: PushContext,
): readonly Action[] {
  const master = rules.override.find((rule) => rule.rule_id === '.m.rule.master');
  if (master?.enabled) return master.actions.filter(isCurrent);
  for (const kind of RULE_KINDS) {
    for (const rule of rules[kind]) {
      if (rule.enabled && matches(kind, rule, event, context))
        return rule.actions.filter(isCurrent);
    }
  }
  return [];
}

export interface Notification {
  readonly notify: boolean;
  readonly highlight: boolean;
  readonly sound: string | undefined;
}

/** A highlight without a value is a highlight; no highlight at all is none. */
export function notificationOf(actions: readonly Action[]): Notification {
  const tweak = (name: string) =>
    actions.find((each) => typeof each === 'object' && each.set_tweak === name) as
      | Exclude<Action, string>
      | undefined;
  const [highlight, sound] = [tweak('highlight'), tweak('sound')?.value];
  return {
    notify: actions.includes('notify'),
    highlight: highlight !== undefined && highlight.value !== false,
    sound: typeof sound === 'string' ? sound : undefined,
  };
}

function matches(kind: RuleKind, rule: PushRule, event: JsonObject, context: PushContext): boolean {
  switch (kind) {
    case 'override':
    case 'underride':
      return (rule.conditions ?? []).every((condition) => holds(condition, event, context));
    case 'content':
      return hasPattern(rule) && bodyMatches(rule, event, context);
    case 'room':
      return event.room_id === rule.rule_id;
    case 'sender':
      return event.sender === rule.rule_id;
  }
}

const hasPattern = (rule: PushRule): rule is PushRule & { readonly pattern: string } =>
  rule.pattern !== undefined;

const isCurrent = (action: Action): boolean => action !== 'dont_notify' && action !== 'coalesce';

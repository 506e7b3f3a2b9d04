import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { invalidParam, MatrixError, notFound, tooLarge } from '../protocol/matrix-error.ts';
import { defaultPushRules } from '../protocol/push-rules/default-rules.ts';
import {
  type Action,
  type Condition,
  OWN_RULES_MAX,
  type PushRule,
  RULE_KINDS,
  RULES_LENGTH_MAX,
  type RuleKind,
  type Ruleset,
} from '../protocol/push-rules/rules.ts';

/** Of one kind, what the client gave. */
export interface RuleWish {
  readonly actions: readonly Action[];
  readonly conditions?: readonly Condition[] | undefined;
  readonly pattern?: string | undefined;
}

/** Next to which of the user's own rules of the kind it shall stand. */
export interface RulePlace {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

const MASTER = '.m.rule.master';

/**
 * The user's rules over the server's defaults of today: what a user changed of a default are its
 * `enabled` and its actions; conditions are those of this release. `stored` is `m.push_rules`.
 */
export function mergedRules(userId: UserId, stored: JsonObject | undefined): Ruleset {
  const defaults = defaultPushRules(userId);
  const kept = (stored?.global ?? {}) as unknown as Partial<Ruleset>;
  const merged = RULE_KINDS.map((kind) => [kind, mergedKind(defaults[kind], kept[kind] ?? [])]);
  return Object.fromEntries(merged) as Ruleset;
}

function mergedKind(defaults: readonly PushRule[], stored: readonly PushRule[]): PushRule[] {
  const own = stored.filter((rule) => !rule.default);
  const served = defaults.map((rule) => {
    const changed = stored.find((each) => each.default && each.rule_id === rule.rule_id);
    return changed ? { ...rule, enabled: changed.enabled, actions: changed.actions } : rule;
  });
  // The master rule switches all notifications off, so it stands above the user's own.
  const isMaster = (rule: PushRule) => rule.rule_id === MASTER;
  return [...served.filter(isMaster), ...own, ...served.filter((rule) => !isMaster(rule))];
}

/** `kind` as a client names it: of one that there is not, there is no rule. */
export function ruleAt(rules: Ruleset, kind: string, ruleId: string): PushRule {
  const rule = rulesOfKind(rules, kind).find((each) => each.rule_id === ruleId);
  if (!rule) throw notFound('There is no such push rule');
  return rule;
}

export function rulesOfKind(rules: Ruleset, kind: string): readonly PushRule[] {
  if (!RULE_KINDS.includes(kind as RuleKind))
    throw notFound(`There is no kind of push rules ${kind}`);
  return rules[kind as RuleKind];
}

/** Whoever has more than is taken now may still change it, but not add to it. */
export function refuseTooMany(before: Ruleset, after: Ruleset): void {
  const grows = (measure: (rules: Ruleset) => number, most: number) =>
    measure(after) > most && measure(after) > measure(before);
  if (grows(ownRules, OWN_RULES_MAX))
    throw tooLarge(`A user may have ${OWN_RULES_MAX} push rules of their own`);
  if (grows((rules) => JSON.stringify(rules).length, RULES_LENGTH_MAX))
    throw tooLarge(`A user's push rules may have ${RULES_LENGTH_MAX} characters together`);
}

const ownRules = (rules: Ruleset): number =>
  RULE_KINDS.flatMap((kind) => rules[kind]).filter((rule) => !rule.default).length;

/** A new rule is enabled, and stands above the others unless told. A known one is changed in place. */
export function putRule(
  rules: Ruleset,
  { kind, ruleId }: { kind: RuleKind; ruleId: string },
  wish: RuleWish,
  place: RulePlace,
): Ruleset {
  if (/^\.|[/\\]/.test(ruleId))
    throw invalidParam('A rule id may not begin with a dot, nor have a slash or backslash');
  const before = rules[kind].find((rule) => rule.rule_id === ruleId);
  const rule: PushRule = {
    rule_id: ruleId,
    default: false,
    enabled: before?.enabled ?? true,
    actions: wish.actions,
    ...detailsOf(kind, wish),
  };
  const isMoved = place.before !== undefined || place.after !== undefined;
  if (before && !isMoved)
    return { ...rules, [kind]: rules[kind].map((each) => (each === before ? rule : each)) };
  const others = rules[kind].filter((each) => each !== before);
  const at = indexFor(others, place);
  return { ...rules, [kind]: [...others.slice(0, at), rule, ...others.slice(at)] };
}

/** `room` and `sender` rules are about their own rule id and have neither. */
function detailsOf(kind: RuleKind, wish: RuleWish): Pick<PushRule, 'conditions' | 'pattern'> {
  if (kind === 'override' || kind === 'underride') return { conditions: wish.conditions ?? [] };
  if (kind !== 'content') return {};
  if (wish.pattern === undefined) throw invalidParam('A content rule needs a pattern');
  return { pattern: wish.pattern };
}

function indexFor(rules: readonly PushRule[], { before, after }: RulePlace): number {
  const named = before ?? after;
  if (named === undefined) return rules.findIndex((rule) => rule.rule_id === MASTER) + 1;
  const index = rules.findIndex((rule) => rule.rule_id === named && !rule.default);
  if (index < 0)
    throw new MatrixError(400, 'M_UNKNOWN', 'before and after must name a rule of your own');
  return before === undefined ? index + 1 : index;
}

export function removeRule(rules: Ruleset, kind: RuleKind, ruleId: string): Ruleset {
  const rule = ruleAt(rules, kind, ruleId);
  if (rule.default) throw invalidParam("The server's own rules can be disabled, but not deleted");
  return { ...rules, [kind]: rules[kind].filter((each) => each !== rule) };
}

export function changeRule(
  rules: Ruleset,
  { kind, ruleId }: { kind: RuleKind; ruleId: string },
  change: Partial<Pick<PushRule, 'enabled' | 'actions'>>,
): Ruleset {
  const rule = ruleAt(rules, kind, ruleId);
  return {
    ...rules,
    [kind]: rules[kind].map((each) => (each === rule ? { ...rule, ...change } : each)),
  };
}

import { expect, test } from 'vitest';
import type { UserId } from '../protocol/identifiers.ts';
import { OWN_RULES_MAX, RULES_LENGTH_MAX, type Ruleset } from '../protocol/push-rules/rules.ts';
import { changeRule, mergedRules, putRule, refuseTooMany, removeRule } from './push-rule-edits.ts';

const wish = { actions: [] };
const put = (rules: Ruleset, ruleId: string, long = wish as object) =>
  putRule(rules, { kind: 'override', ruleId }, { ...wish, ...long }, {});

/** As many as a user may have, and one more where it is asked for. */
function rulesOf(count: number): Ruleset {
  const rules = mergedRules('@alice:x' as UserId, undefined);
  const own = Array.from({ length: count }, (_, index) => put(rules, `${index}`).override[1]!);
  return { ...rules, override: [...own, ...rules.override] };
}

test('a user may have so many rules of their own and no more', () => {
  const most = rulesOf(OWN_RULES_MAX);
  refuseTooMany(rulesOf(OWN_RULES_MAX - 1), most);
  expect(() => refuseTooMany(most, put(most, 'more'))).toThrow(/3000 push rules/);
});

test('whoever has more than that already may still change and remove them', () => {
  const tooMany = rulesOf(OWN_RULES_MAX + 2);
  const at = { kind: 'override', ruleId: '7' } as const;
  refuseTooMany(tooMany, changeRule(tooMany, at, { enabled: false, actions: ['notify'] }));
  refuseTooMany(tooMany, removeRule(tooMany, 'override', '7'));
});

test('rules may have so many characters together', () => {
  const conditions = Array.from({ length: 20 }, () => ({ kind: 'x', pattern: 'y'.repeat(2_000) }));
  let rules = rulesOf(0);
  const putOne = (index: number) => {
    const next = put(rules, `${index}`, { conditions });
    refuseTooMany(rules, next);
    rules = next;
  };
  const most = Math.floor(RULES_LENGTH_MAX / JSON.stringify(conditions).length) - 1;
  for (let index = 0; index < most; index++) putOne(index);
  expect(() => {
    putOne(most);
    putOne(most + 1);
  }).toThrow(/characters together/);
});

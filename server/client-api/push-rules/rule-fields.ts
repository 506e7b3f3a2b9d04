import { z } from 'zod';
import { isObject, type JsonValue } from '../../protocol/json.ts';
import {
  ACTIONS_MAX,
  type Action,
  CONDITIONS_MAX,
  type Condition,
  KEY_LENGTH_MAX,
  PART_LENGTH_MAX,
  PATTERN_LENGTH_MAX,
  RULE_KINDS,
} from '../../protocol/push-rules/rules.ts';

export const rulePath = z.object({ kind: z.enum(RULE_KINDS), ruleId: z.string().max(255) });

/** To look for: of a kind that there is not, there is no rule. */
export const anyRulePath = z.object({ kind: z.string(), ruleId: z.string() });

/** An action that is unknown is kept and has no effect: the specification has dropped some. */
const action = z
  .custom<Action>(
    (value) => typeof value === 'string' || hasText(value as JsonValue, 'set_tweak'),
    'must be a string, or an object with a set_tweak',
  )
  .refine(isShort, `must be no longer than ${PART_LENGTH_MAX} characters`);
const condition = z
  .custom<Condition>(
    (value) => hasText(value as JsonValue, 'kind'),
    'must be an object with a kind',
  )
  .refine(
    ({ key, pattern }) => hasAtMost(key, KEY_LENGTH_MAX) && hasAtMost(pattern, PATTERN_LENGTH_MAX),
    `must have a key and pattern of at most ${PATTERN_LENGTH_MAX} characters`,
  )
  .refine(isShort, `must be no longer than ${PART_LENGTH_MAX} characters`);

export const actions = z.array(action).max(ACTIONS_MAX);
export const conditions = z.array(condition).max(CONDITIONS_MAX);
export const pattern = z.string().max(PATTERN_LENGTH_MAX);

const hasText = (value: JsonValue, key: string): boolean =>
  isObject(value) && typeof value[key] === 'string';

const hasAtMost = (value: JsonValue | undefined, characters: number): boolean =>
  typeof value !== 'string' || value.length <= characters;

function isShort(value: Action | Condition): boolean {
  return JSON.stringify(value).length <= PART_LENGTH_MAX;
}

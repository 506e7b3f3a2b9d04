import { z } from 'zod';
import { isObject, type JsonValue } from '../../protocol/json.ts';
import { type Action, type Condition, RULE_KINDS } from '../../protocol/push-rules/rules.ts';

export const rulePath = z.object({ kind: z.enum(RULE_KINDS), ruleId: z.string().max(255) });

/** An action that is unknown is kept and has no effect: the specification has dropped some. */
const action = z.custom<Action>(
  (value) => typeof value === 'string' || hasText(value as JsonValue, 'set_tweak'),
  'must be a string, or an object with a set_tweak',
);
const condition = z.custom<Condition>(
  (value) => hasText(value as JsonValue, 'kind'),
  'must be an object with a kind',
);

export const actions = z.array(action);
export const conditions = z.array(condition);

const hasText = (value: JsonValue, key: string): boolean =>
  isObject(value) && typeof value[key] === 'string';

import type { JsonValue } from '../json.ts';

/** In the order in which the kinds are checked. */
export const RULE_KINDS = ['override', 'content', 'room', 'sender', 'underride'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** Of what users put in themselves. What was stored before these is kept, and does not hold. */
export const PATTERN_LENGTH_MAX = 512;
export const KEY_LENGTH_MAX = 512;
export const CONDITIONS_MAX = 20;
export const ACTIONS_MAX = 10;
/** Of one condition or action, as JSON. */
export const PART_LENGTH_MAX = 2_048;
/** Enough for a rule of its own for each of thousands of rooms. */
export const OWN_RULES_MAX = 3_000;
/** Of all rules as JSON: each change of one is written, and told to all devices, as a whole. */
export const RULES_LENGTH_MAX = 1_048_576;

export type Action = string | { readonly set_tweak: string; readonly value?: JsonValue };

/** What a condition says is checked where it is evaluated: one that is unknown or malformed never holds. */
export type Condition = { readonly kind: string } & { readonly [key: string]: JsonValue };

export interface PushRule {
  readonly rule_id: string;
  readonly default: boolean;
  readonly enabled: boolean;
  readonly actions: readonly Action[];
  readonly conditions?: readonly Condition[];
  /** Of content rules only. */
  readonly pattern?: string;
}

/** A user's rules; within a kind the first that matches wins, and the user's own stand before the server's. */
export type Ruleset = { readonly [Kind in RuleKind]: readonly PushRule[] };

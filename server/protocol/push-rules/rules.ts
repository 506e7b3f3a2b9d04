import type { JsonValue } from '../json.ts';

/** In the order in which the kinds are checked. */
export const RULE_KINDS = ['override', 'content', 'room', 'sender', 'underride'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

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

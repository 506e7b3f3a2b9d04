import type { StateEvent } from '../event.ts';

/** The room state that an event is judged by. A plain look-up, so that it may lie anywhere. */
export interface AuthState {
  get(type: string, stateKey: string): StateEvent | undefined;
}

/** `rule` is short and stays the same over versions of Farol (logs, metrics); `reason` is to be read. */
export type Verdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly rule: string; readonly reason: string };

export const ALLOWED: Verdict = { allowed: true };

export const refused = (rule: string, reason: string): Verdict => ({
  allowed: false,
  rule,
  reason,
});

import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';

export const held: Partial<State> = { interface: 'present', addressTrouble: null };

export const dropped: Partial<State> = { interface: 'absent' };

export const found = (present: boolean): Partial<State> => ({
  interface: present ? 'present' : 'absent',
});

export function failToHold({ addressTrouble }: State, reason: string, now: Millis): Partial<State> {
  const count = (addressTrouble?.count ?? 0) + 1;
  return { addressTrouble: { count, until: now + TROUBLE_MS, reason } };
}

/** A driver that fails is left alone for a while, so that a site whose driver works gets its turn. */
const TROUBLE_MS = 10_000;

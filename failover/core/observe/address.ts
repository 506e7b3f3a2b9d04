import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';

export const held: Partial<State> = { interface: 'present', addressTrouble: null };

export const dropped: Partial<State> = { interface: 'absent' };

export const found = (present: boolean): Partial<State> => ({
  interface: present ? 'present' : 'absent',
});

/** It may have been done all the same, or for one of several addresses: what may be there counts as there. */
export function failToHold(state: State, reason: string, now: Millis): Partial<State> {
  const carries = state.interface === 'absent' ? 'present' : state.interface;
  return { interface: carries, ...driverFails(state, reason, now) };
}

export function driverFails(
  { addressTrouble }: State,
  reason: string,
  now: Millis,
): Partial<State> {
  const count = (addressTrouble?.count ?? 0) + 1;
  return { addressTrouble: { count, until: now + TROUBLE_MS, reason } };
}

/** A driver that fails is left alone for a while, so that a site whose driver works gets its turn. */
const TROUBLE_MS = 10_000;

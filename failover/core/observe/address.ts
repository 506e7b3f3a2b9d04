import type { AddressSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';

export const held: Partial<AddressSeen> = { interface: 'present', addressTrouble: null };

export const dropped: Partial<AddressSeen> = { interface: 'absent' };

export const found = (present: boolean): Partial<AddressSeen> => ({
  interface: present ? 'present' : 'absent',
});

/** It may have been done all the same, or for one of several addresses: what may be there counts as there. */
export function failToHold(state: State, reason: string, now: Millis): Partial<AddressSeen> {
  const carries = state.interface === 'absent' ? 'present' : state.interface;
  return { interface: carries, ...driverFails(state, reason, now) };
}

export function driverFails(
  { addressTrouble }: State,
  reason: string,
  now: Millis,
): Partial<AddressSeen> {
  const count = (addressTrouble?.count ?? 0) + 1;
  return { addressTrouble: { count, until: now + TROUBLE_MS, reason } };
}

/** A driver that fails is left alone for a while, so that a site whose driver works gets its turn. */
const TROUBLE_MS = 10_000;

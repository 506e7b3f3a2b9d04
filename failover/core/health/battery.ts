import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Battery, Power, Report } from '../view.ts';

/** What this site says of its battery; null where its UPS says nothing of that. */
export function batteryNow({ power: { charge, endsAt } }: State, now: Millis): Battery | null {
  if (charge === null && endsAt === null) return null;
  return { charge, leftMs: endsAt === null ? null : Math.max(0, endsAt - now) };
}

/** Or on one that is nearly empty. */
export const isOnBattery = (of: { readonly power: Power } | undefined): boolean =>
  of?.power === 'battery' || of?.power === 'low';

/** Both batteries are low, and that one's lasts clearly longer than this site's: what that does not say counts as nothing. */
export function lastsLonger(
  state: State,
  { battery }: Report,
  now: Millis,
  { batteryLongerMs }: Timings,
): boolean {
  if (state.power.power !== 'low' || battery?.leftMs == null) return false;
  return battery.leftMs - (batteryNow(state, now)?.leftMs ?? 0) >= batteryLongerMs;
}

import type { PowerSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import type { Power } from '../view.ts';

/** Since when it is so, which counts before anything is moved for it. */
export const seePower = (state: State, power: Power, now: Millis): Partial<PowerSeen> =>
  power === state.power.power ? {} : { power: { power, since: now } };

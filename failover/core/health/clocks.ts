import { isAlive } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { ClockBehind } from '../view.ts';

/** F19. Messages are dated by it, and certificates begin and end by it; no decision is made by it. */
const ALARM_MS = 250;
/** Of fewer pulses all may have been slow. */
const PULSES_MIN = 3;

/**
 * By how much this machine's wall clock is behind that of another site at least. A pulse takes time, so it makes our clock seem
 * ahead and never behind: the one that was fastest tells most, and there is no false alarm. Whose clock is ahead of another's is
 * told by that other one.
 */
export function clockBehind(state: State, now: Millis, timings: Timings): ClockBehind | null {
  const behind = Object.entries(state.clockLeads)
    .filter(([site, { leadsMs }]) => {
      return leadsMs.length >= PULSES_MIN && isAlive(state, site, now, timings);
    })
    .map(([site, { leadsMs }]) => ({ site, byMs: Math.round(-Math.min(...leadsMs)) }))
    .sort((one, other) => other.byMs - one.byMs);
  const [most] = behind;
  return most !== undefined && most.byMs > ALARM_MS ? most : null;
}

/** What it says now; null where it was not looked at yet. */
export const wallNow = ({ wallAheadMs }: State, now: Millis): Millis | null =>
  wallAheadMs === null ? null : Math.round(now + wallAheadMs);

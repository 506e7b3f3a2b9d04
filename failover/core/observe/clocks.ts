import type { ClocksSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import type { Site, SiteKey, View } from '../view.ts';

export const seeWallClock = (aheadMs: Millis): Partial<ClocksSeen> => ({ wallAheadMs: aheadMs });

/** Each pulse once: how far our wall clock is ahead of its sender's, and the way of the pulse. */
export function seeClocks(state: State, view: View, now: Millis): Partial<ClocksSeen> {
  const { wallAheadMs, clockLeads } = state;
  if (wallAheadMs === null) return {};
  const others = Object.entries(view.sites).filter(([site]) => site !== state.self.site);
  const leads = others.map(([site, key]) => {
    const known = clockLeads[site] ?? { revision: 0, leadsMs: [] };
    if (known.revision === key.revision) return [site, known];
    const lead = leadOver(state, site, key, now + wallAheadMs, now);
    const leadsMs = lead === null ? known.leadsMs : [...known.leadsMs, lead].slice(-KEPT);
    return [site, { revision: key.revision, leadsMs }];
  });
  return { clockLeads: Object.fromEntries(leads) };
}

/** Enough for one that was fast on its way; a clock that was set right is soon forgotten as wrong. */
const KEPT = 10;

/** Null where it is not known when this very pulse was seen first, or what its sender's clock said. */
function leadOver(
  { pulses }: State,
  site: Site,
  { revision, report: { wallMs } }: SiteKey,
  wallNow: Millis,
  now: Millis,
): Millis | null {
  const seen = pulses[site];
  if (wallMs == null || (seen !== undefined && seen.revision > revision)) return null;
  const seenAt = seen?.revision === revision ? seen.seenAt : now;
  return wallNow - (now - seenAt) - wallMs;
}

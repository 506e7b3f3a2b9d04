import { reportNow } from '../core/pulse/report.ts';
import { knowsEtcd, wordOf } from '../core/sites.ts';
import type { State } from '../core/state.ts';
import { type Millis, TIMINGS } from '../core/timings.ts';
import type { Report, Site } from '../core/view.ts';

/** What a site said of itself last, and how long ago that was: in etcd, or while that is away to this agent itself. */
export interface Heard {
  readonly report: Report;
  readonly silentMs: Millis;
}

export function sitesHeard(state: State, now: Millis): Map<Site, Heard> {
  const { view, pulses, peers, self } = state;
  const heard = new Map<Site, Heard>();
  for (const [site, { report }] of Object.entries(view?.sites ?? {}))
    heard.set(site, { report, silentMs: now - (pulses[site]?.seenAt ?? now) });
  if (knowsEtcd(state, now, TIMINGS)) return heard;
  for (const [site, { at }] of Object.entries(peers)) {
    const word = wordOf(state, site, now, TIMINGS);
    if (word !== null) heard.set(site, { report: word.report, silentMs: now - at });
  }
  return heard.set(self.site, { report: reportNow(state, now, TIMINGS), silentMs: 0 });
}

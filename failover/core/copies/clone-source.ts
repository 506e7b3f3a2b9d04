import { isRunningPrimary, knowsEtcd, reportOf } from '../sites.ts';
import type { State } from '../state.ts';
import { isUnasked } from '../timelines.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Site } from '../view.ts';

/** Whom this site may be cloned from: a primary that is known to be well, and leads what has acknowledged. Null where there is none. */
export function cloneSource(state: State, now: Millis, timings: Timings): Site | null {
  const { view, self } = state;
  const site = view?.patroni.leader?.site;
  if (!view || site === undefined || site === self.site || !knowsEtcd(state, now, timings))
    return null;
  const primary = reportOf(state, site, now, timings)?.postgres;
  if (!primary || !isRunningPrimary(primary)) return null;
  const { sync, timeline } = view.patroni;
  if (sync?.leader !== site || primary.timeline === null || primary.timeline !== timeline)
    return null;
  // It may lack what this copy has, and will be deposed.
  const known = view.timelines;
  return known === null || isUnasked(known, site, timeline) ? null : site;
}

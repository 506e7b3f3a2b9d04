import { TIMINGS } from '../core/timings.ts';
import type { PostgresReport, Site } from '../core/view.ts';
import type { Heard } from './heard.ts';

/**
 * How much of the primary's log a copy lacks. Null unless that follows from two words of now: positions of a primary that is
 * silent, that is none any more by its own word, or of another timeline, say nothing of what somebody lacks.
 */
export function lagOf(
  heard: ReadonlyMap<Site, Heard>,
  primary: Site | null,
  site: Site,
): number | null {
  const ahead = primary === null ? null : positionNow(heard.get(primary));
  const here = positionNow(heard.get(site));
  if (ahead === null || here === null || ahead.role !== 'primary') return null;
  const apart = ahead.timeline !== null && here.timeline !== null;
  if (apart && ahead.timeline !== here.timeline) return null;
  // The copy's word may be the younger one.
  return Math.max(0, ahead.lsn - here.lsn);
}

type Position = Pick<PostgresReport, 'role' | 'timeline'> & { readonly lsn: number };

function positionNow(heard: Heard | undefined): Position | null {
  const postgres = heard?.report.postgres;
  if (heard === undefined || heard.silentMs > TIMINGS.unknownMs || !postgres?.lsn) return null;
  const { role, timeline, lsn } = postgres;
  return { role, timeline, lsn: Number(lsn) };
}

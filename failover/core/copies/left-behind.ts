import type { State } from '../state.ts';
import { isDead } from '../timelines.ts';
import type { Site } from '../view.ts';

/** Patroni would be refused to promote its copy (core/timelines.ts). As a clause; null where nothing is known against it. */
export function reasonLeftBehind({ view }: State, site: Site): string | null {
  const timeline = view?.sites[site]?.report.postgres?.timeline ?? null;
  const noted = view?.timelines?.acknowledging;
  if (!noted || timeline === null || !isDead(timeline, noted)) return null;
  return `its copy is on timeline ${timeline}, and timeline ${noted.timeline} has acknowledged`;
}

import { reasonLeftBehind } from '../copies/left-behind.ts';
import { lacksSomething } from '../election/wishes.ts';
import { isOnBattery, lastsLonger } from '../health/battery.ts';
import { hasRoom, isFull, reasonFull } from '../health/disk.ts';
import { hasSickNetwork } from '../health/links.ts';
import { isAlive } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Report, Site } from '../view.ts';

/** One that does not lack for long what another said that it has, or any. */
export type Which = 'any' | 'has all';

/** What is asked of a candidate besides that it can lead. */
interface Wanted {
  readonly which?: Which;
  readonly suits?: (report: Report) => boolean;
  /** From one battery to another, too: by the last act of a site whose battery ends, or whose machine goes down. */
  readonly onBattery?: boolean;
}

/**
 * The first by name of those whose packets arrive, that are stable and have the best power, so that all agents think of the same one.
 */
export function candidate(
  state: State,
  now: Millis,
  timings: Timings,
  { which = 'any', suits = hasRoom, onBattery = state.power.power === 'low' }: Wanted = {},
): Site | null {
  const from = state.view?.patroni.leader?.site;
  const willing = Object.entries(state.view?.sites ?? {})
    .filter(([, { report }]) => suits(report))
    .map(([site]) => site)
    .filter((site) => site !== from && reasonItCannot(state, site, now, timings) === null)
    .filter((site) => which === 'any' || !lacksSomething(state, site))
    .sort();
  const reached = willing.filter((site) => !hasSickNetwork(state, site, now, timings));
  return bestOf(state, reached, onBattery) ?? bestOf(state, willing, onBattery);
}

/** On mains, and stable where one is; else by its battery that which lasts longest. */
function bestOf(state: State, willing: readonly Site[], onBattery: boolean): Site | null {
  const mains = willing.filter((site) => !isOnBattery(state.view?.sites[site]?.report));
  const onMains = mains.find((site) => !isUnstable(state, site)) ?? mains[0];
  if (onMains !== undefined) return onMains;
  if (!onBattery) return null;
  const lasts = (site: Site): Millis => state.view?.sites[site]?.report.battery?.leftMs ?? 0;
  return willing.toSorted((a, b) => lasts(b) - lasts(a))[0] ?? null;
}

/** Where nobody writes, or soon nobody will: rather one that has little room than nobody. */
export const refuge = (
  state: State,
  now: Millis,
  timings: Timings,
  which: Which = 'any',
): Site | null =>
  candidate(state, now, timings, { which }) ??
  candidate(state, now, timings, { which, suits: () => true });

/** Why no switchover should go to a site, as a clause; null if it may. */
export function reasonAgainst(
  state: State,
  site: Site,
  now: Millis,
  timings: Timings,
): string | null {
  const disk = state.view?.sites[site]?.report.disk;
  const full = disk != null && isFull(disk) ? reasonFull(disk) : null;
  return reasonItCannot(state, site, now, timings) ?? full;
}

/** Why a site may not become the leader, as a clause; null if it may. */
function reasonItCannot(state: State, site: Site, now: Millis, timings: Timings): string | null {
  const report = state.view?.sites[site]?.report;
  if (report === undefined) return 'no site of that name is known';
  if (!isAlive(state, site, now, timings)) return 'its agent is silent';
  if (report.notCandidate !== null) return report.notCandidate;
  const lasts = lastsLonger(state, report, now, timings);
  // Of two batteries that end neither gives the lead back at once: what they say of themselves swings.
  if (report.heldDown && (state.power.power !== 'low' || report.power === 'low'))
    return 'it gave up leadership shortly before and must prove itself';
  if (report.power === 'low' && !lasts) return 'its battery is low';
  const dead = reasonLeftBehind(state, site);
  if (dead !== null) return dead;
  const sync = state.view?.patroni.sync;
  if (!sync?.standbys.includes(site)) return 'it is no synchronous standby';
  return null;
}

/** It was lost lately, more than once. */
export const isUnstable = ({ view }: State, site: Site): boolean =>
  (view?.sites[site]?.report.unstable ?? 0) > 0;

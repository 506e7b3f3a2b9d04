import { reasonLeftBehind } from '../copies/left-behind.ts';
import { refusedAt } from '../copies/refused.ts';
import { isAlive } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Site } from '../view.ts';

/** Nobody holds Patroni's leader key: whom it may promote, or why nobody and who must do what. */
export function whomToPromote(state: State, now: Millis, timings: Timings): string {
  const { leader = null, standbys = [] } = state.view?.patroni.sync ?? {};
  if (state.view?.patroni.paused) return `; Patroni is paused, and promotes nobody: ${RESUME}`;
  if (standbys.length === 0) return alone(state, leader, now, timings);
  const able = standbys.filter((site) => reasonLeftBehind(state, site) === null);
  const willing = able.filter((site) => refusedAt(state, site, now) === null);
  if (willing.length > 0) return `; it may promote ${willing.join(' or ')}`;
  if (able.length > 0) return `; ${able.map((site) => refusal(state, site, now)).join('; ')}`;
  const { timeline } = state.view?.timelines?.acknowledging ?? {};
  const found = leader !== null && reasonLeftBehind(state, leader) === null;
  const whose = found ? `; it may promote ${leader}` : '';
  return `${whose}; no other copy has gone through timeline ${timeline}, which has acknowledged: ${orRecover('its site')}`;
}

const orRecover = (whom: string): string =>
  `bring ${whom} back, or, if that is lost for good, go on without it: \`farol recover\``;

/** Patroni's pause has no end of its own (F25). */
export const RESUME = '`patronictl resume` ends that';

const refusal = (state: State, site: Site, now: Millis): string =>
  `${site} was refused: ${refusedAt(state, site, now)?.why}`;

/**
 * Two sites: without quorum Patroni 4.0.7 writes `/sync` before it asks whether it may promote
 * (process_sync_replication_prepromote). So a copy that was named by force, and is refused, is the only one that
 * `/sync` lets lead from then on, and the other, which has everything, waits for ever.
 */
function alone(state: State, leader: Site | null, now: Millis, timings: Timings): string {
  const reason = leader === null ? null : reasonItLacks(state, leader, now);
  if (reason === null) {
    const refused = leader !== null && refusedAt(state, leader, now) !== null;
    return refused
      ? `; ${refusal(state, leader, now)}`
      : `, and no synchronous standby may be promoted${leader === null ? '' : `: ${orRecover(leader)}`}`;
  }
  const whole = Object.keys(state.view?.sites ?? {})
    .filter((site) => site !== leader && isAlive(state, site, now, timings))
    .filter((site) => isOnNotedTimeline(state, site));
  const named = `; /sync lets nobody lead but ${leader}, which is refused: ${reason}`;
  if (whole.length === 0) return `${named}; ${orRecover('the site that has that timeline')}`;
  return `${named}; ${whole[0]} has it, and leads upon \`farol recover --to ${whole[0]}\``;
}

/** One that is refused for anything else may be the only one that has everything. */
function reasonItLacks(state: State, site: Site, now: Millis): string | null {
  const refused = refusedAt(state, site, now);
  return reasonLeftBehind(state, site) ?? (refused?.kind === 'left-behind' ? refused.why : null);
}

function isOnNotedTimeline({ view }: State, site: Site): boolean {
  const noted = view?.timelines?.acknowledging?.timeline;
  return noted !== undefined && view?.sites[site]?.report.postgres?.timeline === noted;
}

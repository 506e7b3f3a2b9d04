import { STALLED } from '../health/disk.ts';
import { givesWayTo } from '../moves/relieve.ts';
import { reasonRefused } from '../own-name.ts';
import { claim } from '../pulse/claim.ts';
import { isAtWork, knowsEtcd, reasonSick, silence } from '../sites.ts';
import type { Leading } from '../state/decided.ts';
import type { Held } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { ServerReport, View } from '../view.ts';

/**
 * D3: only the site where Patroni's primary runs beside a healthy server may hold the leader key.
 *
 *     follower ──primary here, server healthy, key vacant or its holder silent──▶ leader
 *        ▲                                                                          │
 *        └── key released ◀── stepping down: server told, answered or past its deadline ◀┘
 */
export function lead(turn: Turn): void {
  if (turn.state.self.witness) return;
  if (turn.state.leader === null) campaign(turn);
  else stepDownIfNeeded(turn, turn.state.leader.revision);
}

function stepDownIfNeeded(turn: Turn, revision: number): void {
  const why = reasonToStepDown(turn.state, turn.now, turn.timings);
  if (turn.state.steppingDown === null && why !== null) {
    update<Leading>(turn, { steppingDown: { since: turn.now, why } });
  }
  if (turn.state.steppingDown !== null && hasLetGo(turn.state, turn.now)) {
    ask(turn, 'release leader', { kind: 'release', lease: 'leader', revision });
  }
}

function campaign(turn: Turn): void {
  const { state, now, timings } = turn;
  if (reasonNotToLead(state, now, timings) !== null) return;
  const holder = state.view?.leader.site;
  if (holder && silence(state, holder, now, timings) < timings.leaderLeaseMs) return;
  claim(turn, 'leader');
}

/**
 * Why this site may not ask for the leader key, as a clause; null if it may. Patroni's key says where
 * the primary is before PostgreSQL has been promoted: the server waits for that, and the time is won.
 */
export function reasonNotToLead(state: State, now: Millis, timings: Timings): string | null {
  if (state.self.witness) return 'it is a witness';
  if (!knowsEtcd(state, now, timings) || state.view === null) return 'etcd does not answer it';
  const refused = reasonRefused(state, now, timings);
  if (refused !== null) return refused;
  const { postgres, server, view } = state;
  if (postgres === null || now - postgres.at > timings.freshMs) {
    return `Patroni does not answer it (${state.postgresTrouble ?? 'not asked yet'})`;
  }
  if (view.patroni.leader === null) return "nobody holds Patroni's leader key";
  if (view.patroni.leader.site !== state.self.site) {
    return `Patroni's leader key names ${view.patroni.leader.site}`;
  }
  if (!isAtWork(postgres.report)) {
    return `its PostgreSQL is ${postgres.report.state}`;
  }
  if (isFirst(view) && state.self.strict && !view.patroni.sync?.standbys.length) {
    return 'a new cluster waits for its first synchronous standby';
  }
  if (patroniUntil(state) <= now + timings.patroniMarginMs) {
    return "what is left of Patroni's leader key is not known yet, or too short";
  }
  if (now - server.at > timings.freshMs || server.report === null) {
    return `its server does not answer (${server.why ?? 'no reason given'})`;
  }
  if (!server.report.healthy) return reasonSick(server);
  const freeInMs = (state.vacantSince.leader ?? now) - now;
  if (freeInMs > 0 && hasBeenLed(server.report)) {
    const why = 'etcd does not show who led before, and somebody may go on';
    return `${why} for ${(freeInMs / 1_000).toFixed(1)} s`;
  }
  const to = givesWayTo(state, now, timings);
  return to === null ? null : `${STALLED}, and ${to} may lead`;
}

/**
 * While Patroni 4.0.7 makes a cluster it leaves PostgreSQL without a synchronous standby for a moment
 * although it is strict (patroni-config/README.md, "Known trap").
 */
function isFirst(view: View): boolean {
  return view.leader.revision === 0;
}

/** Whoever wrote began an epoch in the database first, and a primary has every epoch that opened. */
const hasBeenLed = ({ epoch }: ServerReport): boolean => epoch !== null && epoch > 0;

/** Until when Patroni's leader key is ours for certain; long ago if it is not ours. */
export function patroniUntil(state: State): Millis {
  const key = state.view?.patroni.leader;
  if (!key || key.site !== state.self.site) return Number.NEGATIVE_INFINITY;
  if (state.patroniLease?.lease !== key.lease) return Number.NEGATIVE_INFINITY;
  return state.patroniLease.until;
}

/**
 * Only what is known for certain makes a leader step down. What is merely not known (etcd or Patroni
 * silent) ends with the deadline, and may come back before anybody has noticed.
 */
function reasonToStepDown(state: State, now: Millis, timings: Timings): string | null {
  const key = state.view?.patroni.leader;
  if (key === undefined) return null;
  if (key !== null && key.site !== state.self.site) return `Patroni's leader is now ${key.site}`;
  const fresh = state.postgres !== null && now - state.postgres.at <= timings.freshMs;
  if (key === null && fresh && state.postgres?.report.role === 'standby') {
    return 'its PostgreSQL is no longer the primary';
  }
  if (givesWayTo(state, now, timings) !== null) return STALLED;
  const sick = state.server.sickSince;
  if (sick !== null && now - sick >= timings.serverPatienceMs && fresh) {
    return reasonSick(state.server);
  }
  return null;
}

/** The next writer may come only when this one can answer nobody any more. */
function hasLetGo({ server, steppingDown, told, promisedUntil }: State, now: Millis): boolean {
  if (now >= promisedUntil) return true;
  if (steppingDown === null || server.askedAt < steppingDown.since) return false;
  if (server.gone) return true;
  const orderUnderWay = told?.role === 'writer' && !told.answered;
  return server.report?.role === 'follower' && !orderUnderWay;
}

/** With its lease a leader has nothing left to step down from. */
export const endLeading = (held: Held | null): Partial<Leading> =>
  held === null ? { steppingDown: null } : {};

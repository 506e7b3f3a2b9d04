import { reasonLeftBehind } from '../copies/left-behind.ts';
import { silence } from '../sites.ts';
import type { Lag, Lagging } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { PostgresReport, Site } from '../view.ts';

/**
 * Whom a switchover names, Patroni 4.0.7 lets lead without a vote, and the wish for it stays in `/failover`
 * until somebody has taken the lead. The primary's own agent may be dead; so every agent judges, and the
 * first that knows better takes the wish back, after which votes decide.
 */
export function judgeWish(turn: Turn): void {
  noteLags(turn);
  const { view } = turn.state;
  if (view === null || reasonToTakeBack(turn.state, turn.now, turn.timings) === null) return;
  const { leader, failoverRevision } = view.patroni;
  const lease = leader?.lease ?? null;
  ask(turn, 'cancel-switchover', { kind: 'cancel-switchover', lease, failover: failoverRevision });
}

/** As a clause; null while nothing speaks against the wish, or there is none. */
export function reasonToTakeBack(state: State, now: Millis, timings: Timings): string | null {
  const { view, wish, self } = state;
  if (view === null || wish === null || now - state.readAt > timings.freshMs) return null;
  const { leader, failover, sync } = view.patroni;
  if (leader === null && now - wish.since >= UNHEEDED_MS) return 'nobody has taken the lead';
  // Only one that Patroni's primary is to give way to: who is named where nobody leads was judged before.
  const to = failover?.to ?? null;
  if (to === null || failover?.from === null) return null;
  if (sync !== null && ![sync.leader, ...sync.standbys].includes(to)) {
    return `${to} is no synchronous standby`;
  }
  const dead = reasonLeftBehind(state, to);
  if (dead !== null) return `${to} would be refused: ${dead}`;
  if (to !== self.site && silence(state, to, now, timings) > timings.freshMs) {
    return `the agent of ${to} is silent`;
  }
  return lacksSomething(state, to) ? `${to} lacks what another site has` : null;
}

/** And has for longer than the way of the log to it, and of the news of it, takes. */
export function lacksSomething(state: State, site: Site): boolean {
  const lag = state.lags[site];
  const patience = site === state.self.site ? LAGS_MS : LAGS_AS_TOLD_MS;
  return lag !== undefined && seenLast(state, site) - lag.since >= patience;
}

/** Patroni elects within a few loops where it can: a wish whose candidate is gone keeps everybody waiting. */
const UNHEEDED_MS = 10_000;
/** The way of the log to a standby that streams, on a slow line. */
const LAGS_MS = 400;
/** And of the news of it: Patroni is asked twice a second, and tells with the next pulse. */
const LAGS_AS_TOLD_MS = 1_600;

/** Who lacks, of the same timeline, what another site said that it has; and since when. */
function noteLags(turn: Turn): void {
  const { state, now } = turn;
  const copies = positions(state);
  const lags: Record<Site, Lag> = {};
  for (const { site, timeline, lsn } of copies) {
    let mark = lsn;
    for (const other of copies)
      if (other.timeline === timeline && other.lsn > mark) mark = other.lsn;
    const known = state.lags[site];
    if (known && known.timeline === timeline && lsn < known.mark) lags[site] = known;
    else if (lsn < mark) lags[site] = { since: now, mark, timeline };
  }
  if (!isSame(lags, state.lags)) update<Lagging>(turn, { lags });
}

/** What is still known is the same object. */
function isSame(one: State['lags'], other: State['lags']): boolean {
  const sites = Object.keys(one);
  const isKept = (site: Site) => one[site] === other[site];
  return sites.length === Object.keys(other).length && sites.every(isKept);
}

/** Also of a site that is silent: what it had said that it has, somebody may have confirmed. */
function positions(state: State): Position[] {
  const found: Position[] = [];
  for (const site of Object.keys(state.view?.sites ?? {})) {
    const copy = copyOf(state, site);
    if (copy?.timeline == null || copy.lsn === null) continue;
    const [timeline, lsn] = [copy.timeline, Number(copy.lsn)];
    if (Number.isFinite(lsn)) found.push({ site, timeline, lsn });
  }
  return found;
}

interface Position {
  readonly site: Site;
  readonly timeline: number;
  readonly lsn: number;
}

function copyOf(state: State, site: Site): PostgresReport | null {
  if (site === state.self.site && state.postgres !== null) return state.postgres.report;
  return state.view?.sites[site]?.report.postgres ?? null;
}

function seenLast(state: State, site: Site): Millis {
  const at = site === state.self.site ? state.postgres?.at : state.pulses[site]?.seenAt;
  return at ?? Number.NEGATIVE_INFINITY;
}

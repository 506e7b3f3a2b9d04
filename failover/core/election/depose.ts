import { isCloned, isRunningPrimary, knowsEtcd, reportOf } from '../sites.ts';
import type { Deposing } from '../state/decided.ts';
import type { State } from '../state.ts';
import { isDead, isUnasked, wasNeverAsked } from '../timelines.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { PostgresReport, Site } from '../view.ts';
import { lacksSomething } from './wishes.ts';

/**
 * A primary asks nobody when it takes a vacant key of Patroni's (in a pause, or after its Patroni stood still in its
 * loop), and may lack what was acknowledged meanwhile. Its gate stays closed, and nobody is rewound onto it
 * (promotion/); but Patroni itself would leave it there for ever. So a site whose copy may lead takes the key for its
 * own Patroni, which then asks like any (`pre_promote`); and the primary, which finds the key in other hands, ends.
 *
 * Such a primary never followed the one that acknowledged, so it has confirmed nothing for it: the other sites, of
 * which there are two at most, have everything, and no vote is needed. Unless one was cloned anew since: so a copy that
 * lacks what another site last said it had deposes nobody, however long that one is silent.
 */
export function depose(turn: Turn): void {
  lookAtOwnCopy(turn);
  lookAtPrimary(turn);
  const { state, now, timings } = turn;
  const { view, unasked, deposedAt } = state;
  const from = unasked === null ? pretender(state, now, timings) : view?.patroni.leader?.site;
  if (!view?.timelines || !from || now - deposedAt < AGAIN_AFTER_MS) return;
  if (unasked !== null && now - unasked.since < patience(state)) return;
  if (!mayLead(state, now, timings)) return;
  const asked = ask(turn, 'depose', {
    kind: 'depose',
    from,
    leader: view.patroni.leader?.revision ?? 0,
    timelines: view.timelines.revision,
    config: view.patroni.configRevision,
  });
  if (asked) update<Deposing>(turn, { deposedAt: now });
}

const AGAIN_AFTER_MS = 10_000;
/** Its report and what is known of timelines may be of two moments. */
const SEEN_FOR_MS = 2_000;
/** Whoever knows that its own copy may lead goes first. */
const UNKNOWN_COPY_MS = 12_000;
/** Patroni elects within a few loops where it can. */
const LEADERLESS_MS = 10_000;

function lookAtOwnCopy(turn: Turn): void {
  const timeline = turn.state.postgres?.report.timeline ?? null;
  if (timeline !== null && timeline !== turn.state.copyTimeline)
    update<Deposing>(turn, { copyTimeline: timeline });
}

function lookAtPrimary(turn: Turn): void {
  const key = unaskedKey(turn.state, turn.now, turn.timings);
  if (key === (turn.state.unasked?.key ?? null)) return;
  update<Deposing>(turn, { unasked: key === null ? null : { key, since: turn.now } });
}

/** Of a primary that runs, by the fresh word of its own agent. */
function unaskedKey(state: State, now: Millis, timings: Timings): number | null {
  const leader = state.view?.patroni.leader;
  const timelines = state.view?.timelines;
  if (!leader || !timelines || leader.site === state.self.site) return null;
  if (!knowsEtcd(state, now, timings)) return null;
  const copy = reportOf(state, leader.site, now, timings)?.postgres;
  if (!copy || copy.timeline === null || !isRunningPrimary(copy)) return null;
  return isUnasked(timelines, leader.site, copy.timeline) ? leader.revision : null;
}

/**
 * Whom `/sync` names as the leader though it never was asked, and nobody holds the key: Patroni would let nobody else
 * lead, and itself it may not. Its last word counts, also when it is silent.
 */
function pretender(state: State, now: Millis, timings: Timings): Site | null {
  const { view, self, leaderlessSince } = state;
  if (!view?.timelines || !knowsEtcd(state, now, timings)) return null;
  if (leaderlessSince === null || now - leaderlessSince < LEADERLESS_MS) return null;
  const leader = view.patroni.sync?.leader ?? null;
  if (!leader || leader === self.site) return null;
  const timeline = view.sites[leader]?.report.postgres?.timeline ?? null;
  // Its copy was half cloned when its source was lost, so it is on none (found: seed 876, F11 among others). With two
  // sites Patroni writes /sync before it asks, so there it says nothing.
  const isSo =
    timeline === null
      ? self.strict && wasNeverAsked(view.timelines, leader)
      : isUnasked(view.timelines, leader, timeline);
  return isSo ? leader : null;
}

const patience = (state: State): Millis => (isKnown(state) ? SEEN_FOR_MS : UNKNOWN_COPY_MS);

const isKnown = ({ copyTimeline, postgres }: State): boolean =>
  copyTimeline !== null && postgres !== null && !isCloned(postgres.report);

/** As far as is known here; Patroni's `pre_promote` asks the copy itself. */
function mayLead(state: State, now: Millis, timings: Timings): boolean {
  const { self, view, postgres, copyTimeline } = state;
  const noted = view?.timelines?.acknowledging;
  if (self.witness || !noted || view?.patroni.paused) return false;
  if (postgres === null || now - postgres.at > timings.freshMs || isPrimary(postgres.report))
    return false;
  if (copyTimeline !== null && isDead(copyTimeline, noted)) return false;
  return !lacksSomething(state, self.site);
}

const isPrimary = ({ role }: PostgresReport): boolean => role === 'primary';

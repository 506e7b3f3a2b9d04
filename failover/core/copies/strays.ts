import { knowsEtcd, reportOf } from '../sites.ts';
import type { State } from '../state.ts';
import { isDead } from '../timelines.ts';
import type { Timings } from '../timings.ts';
import { ask, type Turn } from '../turn.ts';
import type { PostgresReport, Site } from '../view.ts';

/** Patroni elects within a few loops where it can. */
const LEADERLESS_MS = 10_000;

/**
 * F23, F34: a site that was lost with much that nobody confirmed comes back on a dead timeline. Patroni
 * 4.0.7 lets it not lead, but everybody else defers to its position as well, for ever ("Wal position of a
 * is ahead of my wal position"). A copy on a dead timeline has confirmed nothing of the living one, so
 * the others decide without it: who has all of the living timeline names itself, and needs no vote then.
 */
export function passStrays(turn: Turn): void {
  const { state, now, timings } = turn;
  const { self, view, leaderlessSince } = state;
  if (view === null || self.witness || !self.strict || !knowsEtcd(state, now, timings)) return;
  if (leaderlessSince === null || now - leaderlessSince < LEADERLESS_MS) return;
  const { failover, failoverRevision, paused, sync } = view.patroni;
  if (paused || failover !== null || sync === null || !hasAll(state, now, timings)) return;
  ask(turn, 'nominate', { kind: 'nominate', failover: failoverRevision, sync: sync.revision });
}

/** This copy has what the living timeline acknowledged, and only a stray is ahead of it. */
function hasAll(state: State, now: number, timings: Timings): boolean {
  const sync = state.view?.patroni.sync;
  const timeline = livingTimeline(state.view);
  const own = state.postgres;
  if (!sync?.leader || timeline === null || own === null || now - own.at > timings.freshMs)
    return false;
  const noted = state.view?.timelines?.acknowledging;
  const isStray = (copy: PostgresReport): boolean =>
    isStandby(copy) &&
    (copy.timeline < timeline || (noted != null && isDead(copy.timeline, noted)));
  const members = [sync.leader, ...sync.standbys];
  if (!members.includes(state.self.site) || !isStandbyOn(own.report, timeline)) return false;
  const position = Number(own.report.lsn);
  const others = members.filter((site) => site !== state.self.site);
  const copies = others.map((site) => [site, copyAt(state, site, now, timings)] as const);
  const strays = copies.filter(([, copy]) => copy !== null && isStray(copy));
  if (!strays.some(([, copy]) => Number(copy?.lsn) > position)) return false;
  // The leader that /sync names has everything; of the others one may have what nobody else has.
  if (state.self.site === sync.leader)
    return !copies.some(([, copy]) => isAhead(copy, timeline, position));
  return copies.every(([site, copy]) => {
    if (copy === null) return site === sync.leader;
    return isStray(copy) || (isStandbyOn(copy, timeline) && Number(copy.lsn) <= position);
  });
}

/** Who is on an older one is not promoted: by Patroni's check_timeline, or as one that lacks something. */
function livingTimeline(view: State['view']): number | null {
  const last = view?.patroni.timeline ?? null;
  return last === null ? null : Math.max(last, view?.timelines?.acknowledging?.timeline ?? 0);
}

const isAhead = (copy: PostgresReport | null, timeline: number, position: number): boolean =>
  copy !== null &&
  (copy.role === 'primary' || (isStandbyOn(copy, timeline) && Number(copy.lsn) > position));

const copyAt = (state: State, site: Site, now: number, timings: Timings) =>
  reportOf(state, site, now, timings)?.postgres ?? null;

const isStandby = (copy: PostgresReport): copy is PostgresReport & { timeline: number } =>
  copy.role === 'standby' && copy.timeline !== null && copy.lsn !== null;

const isStandbyOn = (copy: PostgresReport, timeline: number): boolean =>
  isStandby(copy) && copy.timeline === timeline;

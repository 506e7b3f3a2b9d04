import { isCloned } from '../sites.ts';
import type { Cloning, Stuck } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { Carried, PostgresReport, Site } from '../view.ts';
import { cloneSource } from './clone-source.ts';

/** Whoever streams for so long follows; a walreceiver says `streaming` also while it is being refused. */
const FOLLOWS_MS = 5_000;

/**
 * F24: after two quick partitions pg_rewind failed and a member stayed "starting" for ever (docs/lab.md).
 * F34: two sites hold a timeline of one number, and Patroni calls the one that follows nobody "running, no
 * action", for ever. F13: what it lacks is kept nowhere. Cloned anew all were well in seconds.
 */
export function mendStuckMember(turn: Turn): void {
  if (turn.state.self.witness) return;
  const source = sourceOf(turn.state, turn.now, turn.timings);
  note(turn, source);
  const { state, now, timings } = turn;
  if (source === null || state.stuck === null) return;
  if (now - state.stuck.since < timings.stuckMemberMs) return;
  if (state.postgres === null || now - state.postgres.at > timings.freshMs) return;
  cloneAnew(turn, source);
}

/** Not again before the last clone has had its time. */
export function cloneAnew(turn: Turn, from: Site): void {
  const { state, now, timings } = turn;
  if (now - state.reinitializedAt < timings.reinitializeEveryMs) return;
  if (ask(turn, 'reinitialize', { kind: 'reinitialize', from }))
    update<Cloning>(turn, { reinitializedAt: now });
}

/**
 * Beside whom a member may be called stuck: who counts on this copy for nothing. Else it could be the copy that others wait
 * for, or have what nobody else has.
 */
function sourceOf(state: State, now: Millis, timings: Timings): Site | null {
  const isCountedOn = state.view?.patroni.sync?.standbys.includes(state.self.site);
  return isCountedOn ? null : cloneSource(state, now, timings);
}

function note(turn: Turn, source: Site | null): void {
  const { stuck } = turn.state;
  const now = source === null ? null : nextOf(turn.state, source, turn.now);
  if (now !== stuck) update<Cloning>(turn, { stuck: now });
}

function nextOf({ stuck, postgres }: State, source: Site, now: Millis): Stuck | null {
  if (postgres === null) return null;
  const { report, at } = postgres;
  if (report.role === 'primary' || isCloned(report)) return null;
  const streams = report.state === 'streaming';
  if (stuck === null || stuck.source !== source) {
    return streams ? null : { source, since: now, streamsSince: null, furthest: report };
  }
  const streamsSince = streams ? (stuck.streamsSince ?? at) : null;
  if (streamsSince !== null && at - streamsSince >= FOLLOWS_MS) return null;
  if (isFurther(report, stuck.furthest))
    return { ...stuck, since: now, streamsSince, furthest: report };
  return streamsSince === stuck.streamsSince ? stuck : { ...stuck, streamsSince };
}

/** Positions go back when a copy starts again: only what it never had before is progress. */
function isFurther(one: PostgresReport, other: PostgresReport): boolean {
  const timelines = (one.timeline ?? 0) - (other.timeline ?? 0);
  return timelines > 0 || (timelines === 0 && Number(one.lsn ?? 0) > Number(other.lsn ?? 0));
}

/** To be looked at anew, and asked for again if it is still so. */
export const notCloned: Partial<Cloning> = {
  stuck: null,
  reinitializedAt: Number.NEGATIVE_INFINITY,
};

/** What the agent before this one had asked for. */
export const clonedBefore = ({ reinitializedMs }: Carried, now: Millis): Partial<Cloning> =>
  reinitializedMs === null ? {} : { reinitializedAt: now - reinitializedMs };

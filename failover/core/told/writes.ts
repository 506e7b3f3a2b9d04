import { goingOn } from '../failsafe/going-on.ts';
import { isAlone } from '../is-alone.ts';
import { isWaiting } from '../moves/unwell.ts';
import { behindGate } from '../pulse/report.ts';
import { isAlive, knowsEtcd, silence, wordOf } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Site, View } from '../view.ts';

/**
 * How writes fare, as far as this agent knows:
 * - `flow`: acknowledged once another site has them
 * - `unprotected`: acknowledged although no other site has them (two sites and a witness only)
 * - `wait`: for a site that may confirm them; nothing is acknowledged
 * - `none`: nobody takes any
 */
export interface Writes {
  readonly kind: 'flow' | 'unprotected' | 'wait' | 'none' | 'unknown';
  /** Null where it is not known since when, or nothing is amiss. */
  readonly sinceMs: Millis | null;
  /** The sites that should confirm, and whether their agents give a sign of life. */
  readonly confirming: readonly { readonly site: Site; readonly silentMs: Millis | null }[];
  /** Etcd does not answer the leader, which goes on with leave of all others (F20): it stops when one of them is lost. */
  readonly withoutEtcd?: true;
  /** Its commits do not come back, by its server's own word, whatever the others seem to do. */
  readonly stuckAt?: Site;
}

export function writesOf(state: State, now: Millis, timings: Timings): Writes {
  const { view } = state;
  if (view === null || !knowsEtcd(state, now, timings)) {
    return goesOnHere(state, now, timings)
      ? { kind: 'flow', sinceMs: null, confirming: [], withoutEtcd: true }
      : { kind: 'unknown', sinceMs: null, confirming: [] };
  }
  const confirming = (view.patroni.sync?.standbys ?? []).map((site) => ({
    site,
    silentMs: isAlive(state, site, now, timings) ? null : silence(state, site, now, timings),
  }));
  if (!hasWriter(state, view, now, timings))
    return goesOnHere(state, now, timings)
      ? { kind: 'flow', sinceMs: null, confirming, withoutEtcd: true }
      : { kind: 'none', sinceMs: null, confirming };
  if (confirming.length === 0) {
    const sinceMs = state.unprotectedSince === null ? null : now - state.unprotectedSince;
    return { kind: mustBeConfirmed(state) ? 'wait' : 'unprotected', sinceMs, confirming };
  }
  const sinceMs = missingSince(view, confirming);
  if (sinceMs !== null)
    return { kind: 'wait', sinceMs: sinceMs === 0 ? null : sinceMs, confirming };
  const server = writerOf(state, view, now);
  const { site } = view.leader;
  if (site === null || !server || !isWaiting(server, timings))
    return { kind: 'flow', sinceMs: null, confirming };
  return { kind: 'wait', sinceMs: server.waitingMs ?? null, confirming, stuckAt: site };
}

/** Where three sites are, and the leader's is not the last one with power. */
const mustBeConfirmed = ({ self, view }: State): boolean =>
  self.strict && !(view?.leader.site != null && isAlone(view, view.leader.site));

/** By what this agent itself knows, or hears from the leader's. */
function goesOnHere(state: State, now: Millis, timings: Timings): boolean {
  const own = goingOn(state, now, timings);
  const isOwn = own?.inForce === true && behindGate(state, now)?.role === 'writer';
  const words = Object.keys(state.peers).map((site) => wordOf(state, site, now, timings));
  return (
    isOwn || words.some((word) => word?.goingOn?.inForce && word.report.server?.role === 'writer')
  );
}

/** Null while one that may confirm is there; 0 where it is not known since when none is. */
function missingSince(view: View, confirming: Writes['confirming']): Millis | null {
  const quiet = confirming.map(({ site, silentMs }) => (isBroken(view, site) ? 0 : silentMs));
  return quiet.includes(null) ? null : Math.min(...quiet.map(Number));
}

function writerOf(state: State, view: View, now: Millis) {
  const { site } = view.leader;
  if (site === state.self.site) return behindGate(state, now);
  return site === null ? null : view.sites[site]?.report.server;
}

function hasWriter(state: State, view: View, now: Millis, timings: Timings): boolean {
  const site = view.leader.site;
  if (site === null || !isAlive(state, site, now, timings)) return false;
  const server = writerOf(state, view, now);
  // While nobody is named the gate is closed, so that a writer says that it takes over.
  const waits = mustBeConfirmed(state) && view.patroni.sync?.standbys.length === 0;
  const writes = server?.role === 'writer' || (waits && server?.role === 'taking-over');
  return writes && server.healthy;
}

/** It says so itself: its PostgreSQL follows nobody. Where nothing is said it may follow all the same. */
function isBroken(view: View, site: Site): boolean {
  const postgres = view.sites[site]?.report.postgres;
  return postgres != null && postgres.state !== 'streaming';
}

/** In words for the operator; null while nothing is amiss that `explain` does not say already. */
export function warnOfWrites(writes: Writes, primary: Site | undefined): string | null {
  const { kind, sinceMs, confirming, stuckAt, withoutEtcd } = writes;
  const since = sinceMs === null ? '' : ` for ${Math.round(sinceMs / 1_000)} s`;
  if (kind === 'unprotected') {
    return `UNPROTECTED${since}: no synchronous standby has what ${primary} writes.`;
  }
  if (withoutEtcd)
    return 'WITHOUT ETCD: writes go on for minutes, as long as all sites with a copy of the database are there. If one is lost before etcd is back, they stop.';
  if (kind !== 'wait') return null;
  if (stuckAt !== undefined)
    return `WRITES WAIT${since}: commits at ${stuckAt} do not come back, though standbys follow. Nothing is acknowledged.`;
  const missing = confirming.map(({ site, silentMs }) => {
    return silentMs === null ? `${site} follows nobody` : `${site} is silent`;
  });
  const why =
    missing.length === 0 ? 'no site is named that could confirm them' : missing.join(', ');
  return `WRITES WAIT for a standby${since}: ${why}. Nothing is acknowledged until one is back.`;
}

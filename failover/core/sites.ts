import type { PeerWord } from './peers.ts';
import type { PeerSeen, Server } from './state/seen.ts';
import type { State } from './state.ts';
import type { Millis, Timings } from './timings.ts';
import type { PostgresReport, Report, Site } from './view.ts';

/**
 * For how long a site has given no sign of life. While etcd does not answer us everybody would seem
 * silent; then it is what it was at the last reading: unknown is not no (D8).
 */
export function silence(state: State, site: Site, now: Millis, timings: Timings): Millis {
  if (site === state.self.site) return 0;
  const pulse = state.pulses[site];
  if (pulse === undefined) return Number.POSITIVE_INFINITY;
  return (knowsEtcd(state, now, timings) ? now : state.readAt) - pulse.seenAt;
}

export function isAlive(state: State, site: Site, now: Millis, timings: Timings): boolean {
  return silence(state, site, now, timings) < timings.addressLeaseMs;
}

export function knowsEtcd(state: State, now: Millis, timings: Timings): boolean {
  return now - state.readAt <= timings.unknownMs;
}

/** What another site said of itself, if it is alive. */
export function reportOf(state: State, site: Site, now: Millis, timings: Timings): Report | null {
  if (!isAlive(state, site, now, timings)) return null;
  return state.view?.sites[site]?.report ?? null;
}

/** The other sites that are alive, by name. */
export function othersAlive(state: State, now: Millis, timings: Timings): Site[] {
  return Object.keys(state.pulses)
    .filter((site) => site !== state.self.site && isAlive(state, site, now, timings))
    .sort();
}

/** By Patroni's words, its PostgreSQL does its work, be it as primary or as standby. */
export const isAtWork = ({ state }: PostgresReport): boolean =>
  state === 'running' || state === 'streaming';

export const isRunningPrimary = ({ role, state }: PostgresReport): boolean =>
  role === 'primary' && state === 'running';

/** Patroni copies all of it anew, which may take hours: a second order would begin it from nothing. */
export const isCloned = ({ state }: PostgresReport): boolean => state === 'creating replica';

export const reasonSick = ({ why }: Pick<Server, 'why'>): string =>
  `its server is sick (${why ?? 'no reason given'})`;

/** What the agent of another site said just now; null where it is silent, or nobody knows how to ask it. */
export function wordOf(
  { peers }: Pick<State, 'peers'>,
  site: Site,
  now: Millis,
  timings: Timings,
): PeerWord | null {
  const peer: PeerSeen | undefined = peers[site];
  return peer !== undefined && now - peer.at <= timings.unknownMs ? peer.word : null;
}

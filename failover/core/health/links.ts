import { bareHost } from '../bare-host.ts';
import { isAlive, knowsEtcd, othersAlive, reportOf } from '../sites.ts';
import type { WatchingLinks } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { type Turn, update } from '../turn.ts';
import type { LinkReport, Site } from '../view.ts';

type Links = Readonly<Record<Site, LinkReport>>;

/** F10: of questions that take ten packets with their answers, four in ten come late then, by 0.2 s at least. */
const LOST_MIN = 0.05;
/** A pulse is given up after a second, and takes two ways and a disk. */
const LATE_MS = 500;

export const isLossy = ({ lost }: LinkReport): boolean => lost !== null && lost >= LOST_MIN;
export const isLate = ({ rttMs }: LinkReport): boolean => rttMs !== null && rttMs >= LATE_MS;
export const isSick = (link: LinkReport): boolean => isLossy(link) || isLate(link);

const isKnown = ({ lost, rttMs }: LinkReport): boolean => lost !== null || rttMs !== null;

/** Of this site's own links; the other machines are known by where their servers are, so of a witness nothing is. */
export function linksNow(state: State, now: Millis, timings: Timings): Links {
  const found: Record<Site, LinkReport> = {};
  for (const site of Object.keys(state.view?.sites ?? {})) {
    const link = ownLink(state, site, now, timings);
    if (link !== undefined) found[site] = link;
  }
  return found;
}

function ownLink(
  { links, view, self }: State,
  to: Site,
  now: Millis,
  timings: Timings,
): LinkReport | undefined {
  const report = view?.sites[to]?.report;
  if (!report || to === self.site || now - links.at > timings.freshMs) return undefined;
  const link = links.byHost[hostOf(report.serverUrl)];
  return link && isKnown(link) ? link : undefined;
}

/** Asked several times at each input, of the same few URLs: to parse them was a fifth of what the simulation costs. */
function hostOf(url: string | null): string {
  if (url === null) return '';
  const known = hosts.get(url);
  if (known !== undefined) return known;
  const parsed = URL.parse(url);
  const host = parsed === null ? '' : bareHost(parsed);
  if (hosts.size >= HOSTS_MAX) hosts.clear();
  hosts.set(url, host);
  return host;
}

const hosts = new Map<string, string>();
const HOSTS_MAX = 64;

/**
 * Whether it is this site's own network that is sick, not a link or another site's: it reaches nobody well, and the
 * others reach each other. So with one other alone nobody can tell, and nobody moves.
 */
export function hasSickNetwork(state: State, site: Site, now: Millis, timings: Timings): boolean {
  if (!knowsEtcd(state, now, timings)) return false;
  const alive = [state.self.site, ...othersAlive(state, now, timings)];
  if (site !== state.self.site && !isAlive(state, site, now, timings)) return false;
  const others = alive.filter((other) => other !== site);
  const between = (a: Site, b: Site) => linkBetween(state, a, b, now, timings);
  if (!others.every((other) => between(site, other) === 'sick')) return false;
  return others.some((a) => others.some((b) => a < b && between(a, b) === 'well'));
}

/** What is lost on the way back is missed by one end only: so either end's word counts. */
function linkBetween(
  state: State,
  a: Site,
  b: Site,
  now: Millis,
  timings: Timings,
): 'well' | 'sick' | 'unknown' {
  const there = linkTo(state, a, b, now, timings);
  const back = linkTo(state, b, a, now, timings);
  if (there === undefined && back === undefined) return 'unknown';
  return (there && isSick(there)) || (back && isSick(back)) ? 'sick' : 'well';
}

/** One link alone: asked for several times at each input, so nothing is gathered for it. */
function linkTo(
  state: State,
  from: Site,
  to: Site,
  now: Millis,
  timings: Timings,
): LinkReport | undefined {
  if (from === state.self.site) return ownLink(state, to, now, timings);
  return reportOf(state, from, now, timings)?.links?.[to];
}

export function watchLinks(turn: Turn): void {
  const { state, now, timings } = turn;
  const isSo = hasSickNetwork(state, state.self.site, now, timings);
  if (isSo === (state.sickNetworkSince !== null)) return;
  update<WatchingLinks>(turn, { sickNetworkSince: isSo ? now : null });
}

/** For long enough that another site should lead. */
export const isLeftForLinks = (
  { sickNetworkSince }: State,
  now: Millis,
  { linkPatienceMs }: Timings,
): boolean => sickNetworkSince !== null && now - sickNetworkSince >= linkPatienceMs;

export const SICK_NETWORK = 'its packets to all other sites are lost or late';

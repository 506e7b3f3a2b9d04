import { refusedAt } from '../copies/refused.ts';
import type { CopyAt, Missing } from '../recovery-shown.ts';
import { isAlive, isAtWork, reportOf, silence } from '../sites.ts';
import type { State } from '../state.ts';
import { isDead } from '../timelines.ts';
import type { Millis, Timings } from '../timings.ts';
import type { PostgresReport, RefusalKind, Report, Site } from '../view.ts';

/** Of the sites that answer, the one that may be promoted with the least loss first. */
export function copiesOf(state: State, now: Millis, timings: Timings): readonly CopyAt[] {
  const copies = Object.keys(state.view?.sites ?? {}).flatMap((site) => {
    const report = reportAt(state, site, now, timings);
    return report === null ? [] : (copyIn(state, site, report, now) ?? []);
  });
  return copies.sort(byLoss);
}

/** Sites with a database, also such as etcd knows by `/sync` alone. */
export function missingIn(
  state: State,
  copies: readonly Pick<CopyAt, 'site'>[],
  now: Millis,
  timings: Timings,
): readonly Missing[] {
  const { sites = {}, patroni } = state.view ?? {};
  const { leader = null, standbys = [] } = patroni?.sync ?? {};
  const noted = state.view?.timelines?.acknowledging?.site;
  const known = Object.keys(sites).filter((site) => sites[site]?.report.witness === false);
  const named = [leader, noted, ...standbys].filter((site) => site != null);
  const there = copies.map(({ site }) => site);
  return [...new Set([...known, ...named])]
    .filter((site) => !there.includes(site))
    .sort()
    .map((site) => missingAt(state, site, now, timings));
}

function missingAt(state: State, site: Site, now: Millis, timings: Timings): Missing {
  const answers = isAlive(state, site, now, timings);
  const silentMs = site in state.pulses ? silence(state, site, now, timings) : null;
  const { postgres: said, wallMs: saidAtMs = null } = lastOf(state, site) ?? {};
  const lsn = said?.lsn == null ? null : Number(said.lsn);
  return { site, answers, silentMs, saidAtMs, timeline: said?.timeline ?? null, lsn };
}

/** While etcd is silent agents say on to each other how far they are. */
function lastOf({ view, peers }: State, site: Site): Report | undefined {
  const [noted, heard] = [view?.sites[site]?.report, peers[site]?.word?.report];
  return heard !== undefined && isFurther(heard.postgres, noted?.postgres ?? null) ? heard : noted;
}

function isFurther(one: PostgresReport | null, other: PostgresReport | null): boolean {
  if (one?.lsn == null || one.timeline === null) return false;
  if (other?.lsn == null || other.timeline === null) return true;
  if (one.timeline !== other.timeline) return one.timeline > other.timeline;
  return Number(one.lsn) > Number(other.lsn);
}

function reportAt(state: State, site: Site, now: Millis, timings: Timings): PostgresReport | null {
  const { self, postgres } = state;
  if (site !== self.site) return reportOf(state, site, now, timings)?.postgres ?? null;
  return postgres !== null && now - postgres.at <= timings.freshMs ? postgres.report : null;
}

function copyIn(state: State, site: Site, report: PostgresReport, now: Millis): CopyAt | null {
  const { timeline, lsn } = report;
  if (timeline === null || lsn === null || !Number.isFinite(Number(lsn))) return null;
  const noted = state.view?.timelines?.acknowledging ?? null;
  const left = noted !== null && isDead(timeline, noted);
  const why = reasonNotToLead(report) ?? reasonItStays(state, site, now);
  return { site, timeline, lsn: Number(lsn), isPrimary: report.role === 'primary', left, why };
}

function reasonNotToLead(report: PostgresReport): string | null {
  if (report.role === 'primary') return 'its PostgreSQL is a primary by itself';
  return isAtWork(report) ? null : `its PostgreSQL is ${report.state}`;
}

function reasonItStays(state: State, site: Site, now: Millis): string | null {
  const refused = refusedAt(state, site, now);
  return refused !== null && STAYS.includes(refused.kind) ? refused.why : null;
}

/** What keeps a promotion from being asked for at all, whoever orders it. */
const STAYS: readonly RefusalKind[] = ['certificate', 'disk', 'postgres'];

function byLoss(one: CopyAt, other: CopyAt): number {
  if ((one.why === null) !== (other.why === null)) return one.why === null ? -1 : 1;
  if (one.left !== other.left) return one.left ? 1 : -1;
  // Positions on dead timelines say nothing of each other.
  if (one.left && one.timeline !== other.timeline) return other.timeline - one.timeline;
  return other.lsn - one.lsn || (one.site < other.site ? -1 : 1);
}

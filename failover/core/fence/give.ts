import { databaseMembers } from '../failsafe/members.ts';
import { reportNow } from '../pulse/report.ts';
import type { Giving, OwnPromise } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { Block, Report, Site, SitePromise, View } from '../view.ts';
import { blockOf, isWritten, reasonOfCopy, reasonToRelease } from './promise.ts';
import { heardAt } from './silence.ts';

/**
 * All have promised: the one of them that has most gives itself Patroni's leader key and Farol's, in one transaction that compares all it rests on
 * (docs/third-fence.md, "The act"). Its Patroni then asks like any whether it may promote.
 */
export function give(turn: Turn): void {
  const promised = allPromised(turn.state, turn.now, turn.timings);
  if ((promised === null) !== (turn.state.allPromisedSince === null))
    update<Giving>(turn, { allPromisedSince: promised === null ? null : turn.now });
  const { state, now, timings } = turn;
  if (promised === null || state.allPromisedSince === null) return;
  const turnOf = order(state, promised).indexOf(state.self.site);
  if (turnOf < 0 || now - state.allPromisedSince < turnOf * TURN_MS) return;
  const view = state.view!;
  const { leader, sync, failoverRevision, configRevision } = view.patroni;
  const { site } = leader!;
  ask(turn, 'give', {
    kind: 'give',
    sentAt: now,
    block: blockOf(leader!),
    sync: sync!.revision,
    failover: failoverRevision,
    config: configRevision,
    promises: revisions(promised),
    term: view.leader.revision,
    pulse: state.pulses[site]?.revision ?? 0,
    name: view.machines[state.self.site]?.revision ?? 0,
    timeline: promised[state.self.site]!.timeline,
    report: reportNow(state, now, timings),
  });
}

/** The best of several that have as much may have died since it promised. */
const TURN_MS = 1_000;

type Promised = Readonly<Record<Site, SitePromise>>;

const revisions = (promised: Promised): Readonly<Record<Site, number>> =>
  Object.fromEntries(Object.entries(promised).map(([site, { revision }]) => [site, revision]));

/** Null unless every site with a copy but the holder's has promised, and the holder is still silent. */
function allPromised(state: State, now: Millis, timings: Timings): Promised | null {
  const { self, view, promising } = state;
  if (view === null || promising === null || !self.thirdFence) return null;
  if (!stands(state, promising, now, timings)) return null;
  const { block } = promising;
  const sites = [self.site, ...databaseMembers(state).filter((site) => site !== block.holder)];
  const each = sites.map((site) => [site, promiseOf(view, site, block)] as const);
  if (each.some(([, known]) => known === null)) return null;
  const promised = Object.fromEntries(each) as Promised;
  const { standbys, quorum = 0 } = view.patroni.sync!;
  const voters = standbys.filter((site) => site in promised);
  return voters.length > quorum && voters.includes(self.site) ? promised : null;
}

function stands(state: State, own: OwnPromise, now: Millis, timings: Timings): boolean {
  const { view, pulses } = state;
  if (view === null || own.isVoid || !isWritten(state, own)) return false;
  if (reasonToRelease(state, own, now, timings) !== null) return false;
  const { holder, key } = own.block;
  const last = view.sites[holder];
  // What its last pulse said has to be what was read: a watch may have shown a later one.
  if (last?.report.fenced !== true || last.revision !== pulses[holder]?.revision) return false;
  const isSilent = now - heardAt(state, holder) >= timings.promiseAfterMs;
  const isAsPromised = view.patroni.leader?.revision === key;
  return isSilent && isAsPromised && reasonOfCopy(state, view, now, timings) === null;
}

function promiseOf({ promises, patroni }: View, site: Site, block: Block): SitePromise | null {
  const known = promises?.[site];
  const isSame = known?.block?.key === block.key && known.block.lease === block.lease;
  return known !== undefined && isSame && known.timeline === patroni.timeline ? known : null;
}

/** Of the voters that have most: who is well, and on mains, first; so that all think of the same one. */
function order({ view }: State, promised: Promised): Site[] {
  const { standbys } = view!.patroni.sync!;
  const voters = standbys.filter((site) => site in promised);
  const most = Math.max(...voters.map((site) => promised[site]!.lsn));
  const rank = (site: Site): number => rankOf(view!.sites[site]?.report);
  return voters
    .filter((site) => promised[site]!.lsn === most)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function rankOf(report: Report | undefined): number {
  if (report === undefined || report.notCandidate !== null) return 4;
  if (report.power === 'low' || report.heldDown) return 3;
  if (report.unstable > 0) return 2;
  return report.power === 'battery' ? 1 : 0;
}

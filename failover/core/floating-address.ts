import { reportNow } from './report.ts';
import { isAlive, othersAlive, reportOf } from './sites.ts';
import type { State } from './state.ts';
import type { Millis, Timings } from './timings.ts';
import { ask, isPending, type Turn, update } from './turn.ts';
import type { Report, Site } from './view.ts';

/**
 * D4, D9: the address has a short lease of its own. It belongs to the leader's site; while there is
 * no leader, any site with a healthy front takes it, since a wrong front only holds and forwards.
 *
 *     elsewhere ──vacant or its holder silent, our turn──▶ held ──▶ leaving ──▶ elsewhere
 */
export function followAddress(turn: Turn): void {
  // Before etcd has said whose it is, what an earlier process left has its lifetime and is not touched.
  if (!turn.state.self.mayHoldAddress || turn.state.view === null) return;
  noteLeaderElsewhere(turn);
  if (turn.state.address === null) {
    if (turn.state.interface !== 'absent') drop(turn);
    else contend(turn);
    return;
  }
  const leaving = reasonToLeave(turn.state, turn.now, turn.timings);
  if (turn.state.leaving === null && leaving !== null) update(turn, { leaving });
  if (turn.state.leaving === null || !hasDrained(turn)) hold(turn);
  else if (turn.state.interface !== 'absent') drop(turn);
  else release(turn, turn.state.address.revision);
}

function release(turn: Turn, revision: number): void {
  ask(turn, 'release address', { kind: 'release', lease: 'address', revision });
}

function hold(turn: Turn): void {
  const { state, now } = turn;
  const until = state.address?.until ?? now;
  if (until <= now && state.interface === 'present') drop(turn);
  if (until - now < LIFETIME_MIN_MS || until <= state.heldUntil) return;
  if (ask(turn, 'hold-address', { kind: 'hold-address', until }))
    update(turn, { heldUntil: until });
}

/** The kernel counts lifetimes in whole seconds, and zero is none. */
const LIFETIME_MIN_MS = 1_000;

function drop(turn: Turn): void {
  // An order to hold it that is still under way would put it back.
  if (isPending(turn, 'hold-address')) return;
  if (ask(turn, 'drop-address', { kind: 'drop-address' })) {
    update(turn, { heldUntil: Number.NEGATIVE_INFINITY });
  }
}

function contend(turn: Turn): void {
  const { state, now, timings } = turn;
  const report = reportNow(state, now, timings);
  if (report.front !== 'healthy' || state.view === null) return;
  if ((state.addressTrouble?.count ?? 0) > 0 && now < (state.addressTrouble?.until ?? 0)) return;
  const since = vacantSince(state, timings);
  if (since === null || now < since + turnOf(state, now, timings) * timings.addressTurnMs) return;
  const over = state.view.address;
  const pulse = over === null ? null : (state.view.sites[over.site]?.revision ?? null);
  const predecessor = over && { ...over, pulse };
  ask(turn, 'claim address', {
    kind: 'claim',
    lease: 'address',
    sentAt: now,
    over: predecessor,
    report,
  });
}

/** Since when nobody has a right to the address; null if somebody has. */
function vacantSince(state: State, timings: Timings): Millis | null {
  const claim = state.view?.address;
  if (!claim) return state.addressVacantSince;
  const pulse = state.pulses[claim.site];
  return pulse === undefined ? null : pulse.seenAt + timings.addressLeaseMs;
}

/** The leader's site first, then who may lead next, then the rest: the address should move once. */
function turnOf(state: State, now: Millis, timings: Timings): number {
  const likely = (site: Site): number => {
    if (state.view?.leader?.site === site) return 0;
    if (state.view?.patroni.leader?.site === site) return 1;
    return state.view?.patroni.sync?.standbys.includes(site) ? 2 : 3;
  };
  const mine = state.self.site;
  const before = (other: Site): boolean =>
    likely(other) < likely(mine) || (likely(other) === likely(mine) && other < mine);
  return othersAlive(state, now, timings).filter(
    (site) => hasHealthyFront(state.view?.sites[site]?.report) && before(site),
  ).length;
}

function reasonToLeave(state: State, now: Millis, timings: Timings): State['leaving'] {
  const { front, power, addressTrouble } = state;
  const refuge = othersAlive(state, now, timings).some((site) =>
    hasHealthyFront(reportOf(state, site, now, timings)),
  );
  if (!refuge) return null;
  if ((addressTrouble?.count ?? 0) >= TRIES) {
    return { since: now, why: `its driver fails: ${addressTrouble?.reason}`, now: true };
  }
  if (front.sickSince !== null && now - front.sickSince >= timings.frontPatienceMs) {
    return { since: now, why: 'its front is sick', now: true };
  }
  const since = state.leaderElsewhereSince;
  const settled = since !== null && now - since >= timings.settleMs;
  const hurry = since !== null && power.power !== 'mains' && power.power !== 'unknown';
  if (!settled && !hurry) return null;
  return { since: now, why: `the leader is ${state.view?.leader?.site}`, now: false };
}

const TRIES = 3;

function noteLeaderElsewhere(turn: Turn): void {
  const { state, now, timings } = turn;
  const leader = state.view?.leader?.site;
  const elsewhere =
    leader !== undefined &&
    leader !== state.self.site &&
    isAlive(state, leader, now, timings) &&
    hasHealthyFront(state.view?.sites[leader]?.report) &&
    state.view?.sites[leader]?.report.server?.role === 'writer';
  if (elsewhere === (state.leaderElsewhereSince !== null)) return;
  update(turn, { leaderElsewhereSince: elsewhere ? now : null });
}

function hasHealthyFront(report: Report | null | undefined): boolean {
  return report?.front === 'healthy';
}

function hasDrained({ state, now, timings }: Turn): boolean {
  if (state.leaving === null) return false;
  if (state.leaving.now || now - state.leaving.since >= timings.drainMs) return true;
  return state.front.connections === 0 && state.front.at > state.leaving.since;
}

import { isBound } from '../failsafe/give-leave.ts';
import { isOpen, leaveUntil } from '../failsafe/go-on.ts';
import { claim } from '../pulse/claim.ts';
import { reportNow } from '../pulse/report.ts';
import { othersAlive, reportOf } from '../sites.ts';
import type { HoldingAddress } from '../state/decided.ts';
import type { Held } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, isPending, type Turn, update } from '../turn.ts';
import type { Report, Site } from '../view.ts';

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
  if (turn.state.leaving === null && leaving !== null) leave(turn, leaving);
  if (turn.state.leaving === null || !hasDrained(turn)) hold(turn);
  else if (isGone(turn)) release(turn, turn.state.address.revision);
  else drop(turn);
}

/** Dropped, or ended by itself where the driver can do nothing: another site's may work. */
const isGone = ({ state, now }: Turn): boolean =>
  state.interface === 'absent' || now >= state.livesUntil + LATE_MS;

/** A program that the driver gave up on may have run so much later. */
const LATE_MS = 2_000;

function leave(turn: Turn, leaving: NonNullable<State['leaving']>): void {
  update<HoldingAddress>(turn, { leaving });
  // Otherwise connections would come as others go, and some would be open whenever it leaves.
  if (!leaving.now) ask(turn, 'refuse-connections', { kind: 'refuse-connections' });
}

function release(turn: Turn, revision: number): void {
  // An order to hold it that is still under way would put it back after another site took it.
  if (isPending(turn, 'hold-address')) return;
  ask(turn, 'release address', { kind: 'release', lease: 'address', revision });
}

function hold(turn: Turn): void {
  const { state, now } = turn;
  if (state.address === null || state.view === null) return;
  const { revision } = state.address;
  const until = lifetimeUntil(turn, state.address.until);
  // Not one that an earlier process left, before a pulse of ours has said whether it is still good.
  if (Number.isFinite(until) && until <= now && state.interface === 'present') drop(turn);
  if (until - now < LIFETIME_MIN_MS || until <= state.heldUntil) return;
  if (isBound(state, now) && state.interface !== 'present') return;
  const term = { clusterId: state.view.clusterId, revision };
  if (ask(turn, 'hold-address', { kind: 'hold-address', until, term }))
    update<HoldingAddress>(turn, {
      heldUntil: until,
      livesUntil: Math.max(until, state.livesUntil),
    });
}

/** As long as the lease; or without etcd as long as the server beside it may answer, where that leaves no hole (F20). */
function lifetimeUntil({ state, now, timings }: Turn, leased: Millis): Millis {
  const isShown = state.interface === 'present' && now < state.heldUntil;
  return isShown && isOpen(state, now) ? Math.max(leased, leaveUntil(state, timings)) : leased;
}

/** The kernel counts lifetimes in whole seconds, and zero is none. */
const LIFETIME_MIN_MS = 1_000;

function drop(turn: Turn): void {
  const { state, now } = turn;
  if (isPending(turn, 'hold-address')) return;
  // A driver that cannot even look is not asked ten times a second; what is there has its lifetime.
  if (state.interface === 'unknown' && now < (state.addressTrouble?.until ?? now)) return;
  if (ask(turn, 'drop-address', { kind: 'drop-address' })) {
    update<HoldingAddress>(turn, { heldUntil: Number.NEGATIVE_INFINITY });
  }
}

function contend(turn: Turn): void {
  const { state, now, timings } = turn;
  const since = vacantSince(state, timings);
  if (since === null || now < since || state.view === null) return;
  if (!couldHoldAddress(reportNow(state, now, timings))) return;
  const turns = turnOf(state, now, timings) + (isLeaderElsewhere(turn) ? LEADER_TURNS : 0);
  if (now < since + turns * timings.addressTurnMs) return;
  claim(turn, 'address');
}

/** The leader's site takes it within one pulse; only if it does not, somebody else may for a while. */
const LEADER_TURNS = 5;

/** Since when nobody has a right to the address; null if somebody has. */
function vacantSince(state: State, timings: Timings): Millis | null {
  const holder = state.view?.address.site;
  if (!holder) return state.vacantSince.address;
  const pulse = state.pulses[holder];
  return pulse === undefined ? null : pulse.seenAt + timings.addressLeaseMs;
}

/** The leader's site first, then who may lead next, then the rest: the address should move once. */
function turnOf(state: State, now: Millis, timings: Timings): number {
  const likely = (site: Site): number => {
    if (state.view?.leader.site === site) return 0;
    if (state.view?.patroni.leader?.site === site) return 1;
    return state.view?.patroni.sync?.standbys.includes(site) ? 2 : 3;
  };
  const mine = state.self.site;
  const before = (other: Site): boolean =>
    likely(other) < likely(mine) || (likely(other) === likely(mine) && other < mine);
  return othersAlive(state, now, timings).filter(
    (site) => couldHoldAddress(state.view?.sites[site]?.report) && before(site),
  ).length;
}

function reasonToLeave(state: State, now: Millis, timings: Timings): State['leaving'] {
  const leaving = reasonToBeElsewhere(state, now, timings);
  if (leaving === null) return null;
  const refuge = othersAlive(state, now, timings).some((site) =>
    couldHoldAddress(reportOf(state, site, now, timings)),
  );
  return refuge ? leaving : null;
}

function reasonToBeElsewhere(state: State, now: Millis, timings: Timings): State['leaving'] {
  const { front, power, addressTrouble } = state;
  if (addressTrouble !== null && addressTrouble.count >= TRIES && now < addressTrouble.until) {
    return { since: now, why: `its driver fails: ${addressTrouble.reason}`, now: true };
  }
  if (front.sickSince !== null && now - front.sickSince >= timings.frontPatienceMs) {
    return { since: now, why: 'its front is sick', now: true };
  }
  const since = state.leaderElsewhereSince;
  if (since === null) return null;
  const hurry = power.power === 'battery' || power.power === 'low';
  if (!hurry && now - since < timings.settleMs + (isSlow(front) ? timings.calmWithinMs : 0))
    return null;
  return { since: now, why: `the leader is ${state.view?.leader.site}`, now: false };
}

const TRIES = 3;

/** What waits for so long may not be answered within the drain. */
const SLOW_MS = 500;
const isSlow = ({ slowestMs }: State['front']): boolean => slowestMs >= SLOW_MS;

function noteLeaderElsewhere(turn: Turn): void {
  const { address, leaderElsewhereSince } = turn.state;
  const elsewhere = address !== null && isLeaderElsewhere(turn);
  if (elsewhere === (leaderElsewhereSince !== null)) return;
  update<HoldingAddress>(turn, { leaderElsewhereSince: elsewhere ? turn.now : null });
}

/** Another site has an open writer and could have the address. */
function isLeaderElsewhere({ state, now, timings }: Turn): boolean {
  const leader = state.view?.leader.site;
  if (!leader || leader === state.self.site) return false;
  const report = reportOf(state, leader, now, timings);
  return couldHoldAddress(report) && report?.server?.role === 'writer';
}

function couldHoldAddress(report: Report | null | undefined): boolean {
  return report?.front === 'healthy' && report.mayHoldAddress;
}

function hasDrained({ state, now, timings }: Turn): boolean {
  if (state.leaving === null) return false;
  if (state.leaving.now || now - state.leaving.since >= timings.drainMs) return true;
  return state.front.connections === 0 && state.front.at > state.leaving.since;
}

/** With its lease the address has left. */
export const endLeaving = (held: Held | null): Partial<HoldingAddress> =>
  held === null ? { leaving: null } : {};

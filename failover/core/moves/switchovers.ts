import { DAMAGED } from '../copies/damaged-copy.ts';
import { isBound } from '../failsafe/give-leave.ts';
import { isNoted } from '../gate.ts';
import { diskNow, hasMoreRoomThan, isStalledHere, reasonFull, STALLED } from '../health/disk.ts';
import { isLeftForLinks, SICK_NETWORK } from '../health/links.ts';
import type { Input } from '../inputs.ts';
import { ownName, reasonRefused } from '../own-name.ts';
import {
  isCloned,
  isRunningPrimary,
  knowsEtcd,
  othersAlive,
  reasonSick,
  reportOf,
  silence,
} from '../sites.ts';
import type { Switching, Switchover } from '../state/decided.ts';
import type { Moves } from '../state/seen.ts';
import type { State } from '../state.ts';
import { laterElsewhere } from '../timelines.ts';
import { holdDownFor, type Millis, type Timings } from '../timings.ts';
import { ask, isPending, type Turn, update } from '../turn.ts';
import type { Carried, Site } from '../view.ts';
import { answerBehind } from './answering.ts';
import { candidate, isUnstable, reasonAgainst, refuge, type Which } from './candidate.ts';
import { movesArePaused } from './carried.ts';

/**
 * Planned moves: what the operator wants, and what a sick server or a battery demand. They are
 * Patroni's to make; our leadership follows its leader key. Only the site that has Patroni's leader
 * moves by itself; any site passes on what the operator wants.
 */
export function makeSwitchovers(turn: Turn, input: Input): void {
  lookForMains(turn);
  if (input.kind === 'switchover-wanted') obey(turn, input.id, input.to);
  else if (input.kind === 'done' && input.effect === 'switchover') end(turn, null);
  else if (input.kind === 'failed' && input.effect === 'switchover') end(turn, input.reason);
  else moveIfNeeded(turn);
}

/** One mains feeds many sites: where it comes back each hears of it a moment before or after the others. */
function lookForMains(turn: Turn): void {
  const { state, now, timings } = turn;
  const isThere = state.power.power === 'battery' && candidate(state, now, timings) !== null;
  if (isThere === (state.mainsElsewhereSince !== null)) return;
  update<Switching>(turn, { mainsElsewhereSince: isThere ? now : null });
}

function moveIfNeeded(turn: Turn): void {
  if (isPending(turn, 'switchover')) return;
  if (ownName(turn.state, turn.now, turn.timings) !== 'ours') return;
  if (moveOnce(turn)) return;
  const why = reasonToMove(turn.state, turn.now, turn.timings);
  if (why === null) {
    moveForLess(turn);
    return;
  }
  const mayLack = turn.state.unwell.debtMs === 0 && why !== STALLED;
  const to = toLeaveTo(turn, mayLack ? 'any' : 'has all');
  if (to !== null) begin(turn, { to, why, id: null });
}

/** A battery that is not low yet sends nobody where PostgreSQL would soon fall. */
function toLeaveTo({ state, now, timings }: Turn, which: Which): Site | null {
  const waits = state.power.power === 'battery' && reasonAmiss(state, now, timings) === null;
  return waits ? candidate(state, now, timings, { which }) : refuge(state, now, timings, which);
}

/** Nothing is amiss that would cost writes now. */
function moveForLess(turn: Turn): void {
  const which = turn.state.unwell.debtMs > 0 ? 'has all' : 'any';
  leaveIfUnstable(turn, which);
  leaveIfFull(turn);
  leaveForLinks(turn);
  rescue(turn);
}

/** F10: commits take long here, and pulses come late; but all still goes on. */
function leaveForLinks(turn: Turn): void {
  const { state, now, timings } = turn;
  if (!isLeftForLinks(state, now, timings) || !mayMove(state, now, timings)) return;
  if (isAnyCloned(state, now, timings)) return;
  const to = candidate(state, now, timings);
  if (to !== null) begin(turn, { to, why: SICK_NETWORK, id: null });
}

/** That may be what fills the line; a move would begin it anew, to fill the next one. */
const isAnyCloned = (state: State, now: Millis, timings: Timings): boolean =>
  othersAlive(state, now, timings).some((site) => {
    const postgres = reportOf(state, site, now, timings)?.postgres;
    return postgres != null && isCloned(postgres);
  });

/**
 * F12: before its disk is full. Where no other site has clearly more room it stays, and `status` says so: all fill alike,
 * and the last part is better used than spent on moves.
 */
function leaveIfFull(turn: Turn): void {
  const { state, now, timings } = turn;
  const own = diskNow(state, now, timings);
  const since = state.disk.fullSince;
  if (own === null || since === null || now - since < timings.fullPatienceMs) return;
  if (!mayMove(state, now, timings)) return;
  const to = candidate(state, now, timings, { suits: hasMoreRoomThan(own) });
  if (to !== null) begin(turn, { to, why: reasonFull(own), id: null });
}

/** Here nobody is answered before, so a hold-down does not count; but a failure is not repeated at once. */
function moveOnce(turn: Turn): boolean {
  const { state, now, timings } = turn;
  const { ledTimeline, moves, self, view } = state;
  if (!view?.timelines || ledTimeline === null || isNoted(state)) return false;
  if (!leadsHere(state, now, timings)) return false;
  const later = laterElsewhere(view.timelines, self.site, ledTimeline);
  if (later === undefined || now - moves.lastAt < AGAIN_AFTER_MS) return false;
  const to = refuge(state, now, timings, 'has all');
  if (to === null) return false;
  begin(turn, { to, why: `timeline ${later.timeline} was given to ${later.site}`, id: null });
  return true;
}

const AGAIN_AFTER_MS = 10_000;
/** A Patroni that refuses does so at once, and would be asked by every input (found: seed 2784 with the third fence, 184 times in a millisecond). */
const AGAIN_AFTER_REFUSAL_MS = 1_000;

/**
 * F21: lost again and again, this site comes back before Patroni's lease is over and goes on each time. It
 * stays a standby, of a site that is stable; if there is none, it leads.
 */
function leaveIfUnstable(turn: Turn, which: Which): void {
  const { state, now, timings } = turn;
  const { count, heldUntil } = state.losses;
  if (count < LOSSES_TO_MOVE || now >= heldUntil || !mayMove(state, now, timings)) return;
  const to = candidate(state, now, timings, { which });
  if (to === null || isUnstable(state, to)) return;
  begin(turn, { to, why: `it was lost ${count} times lately`, id: null });
}

/** One loss may happen to any site, and a move costs a moment too. */
const LOSSES_TO_MOVE = 2;

/**
 * F28: the agent of the primary's site is dead, and its Patroni goes on: nobody there opens the server, nor
 * moves the primary. Whoever would be the candidate asks for it.
 */
function rescue(turn: Turn): void {
  const { state, now, timings } = turn;
  const from = state.view?.patroni.leader;
  if (!from || from.site === state.self.site || state.self.witness) return;
  // Who was let go on without etcd lives, however long etcd has not heard it.
  if (movesArePaused(state, now) || isBound(state, now)) return;
  if (now - state.rescuedAt < RESCUE_EVERY_MS || !knowsEtcd(state, now, timings)) return;
  const quiet = silence(state, from.site, now, timings);
  if (!Number.isFinite(quiet) || quiet < timings.agentPatienceMs) return;
  // Whose Patroni is silent too has lost its power: its key has to run out.
  const known = state.patroniLease;
  const provenAt = known?.lease === from.lease ? known.prolonged.at : null;
  if (provenAt === null || now - provenAt > PROOF_MS) return;
  if (refuge(state, now, timings) !== state.self.site) return;
  update<Switching>(turn, { rescuedAt: now });
  begin(turn, { to: state.self.site, why: `the agent of ${from.site} is silent`, id: null });
}

const RESCUE_EVERY_MS = 10_000;
/** Patroni's loop, and the seconds that etcd rounds down. */
const PROOF_MS = 4_000;

function obey(turn: Turn, id: string, wanted: Site | null): void {
  const { state, now, timings } = turn;
  // He may be a machine that goes down: then a battery is better than nobody.
  const to = wanted ?? candidate(state, now, timings, { onBattery: true });
  const text =
    isPending(turn, 'switchover') || state.unanswered !== null
      ? 'A switchover is under way already.'
      : reasonToRefuse(state, to, now, timings);
  if (text !== null) turn.effects.push({ kind: 'answer', id, accepted: false, text });
  else if (to !== null) begin(turn, { to, why: 'the operator wants it', id });
}

function reasonToRefuse(
  state: State,
  to: Site | null,
  now: Millis,
  timings: Timings,
): string | null {
  if (state.self.witness) return 'A witness has no Patroni to ask; ask at another site.';
  const refused = reasonRefused(state, now, timings);
  if (refused !== null) return `Ask at another site: ${refused}.`;
  const from = state.view?.patroni.leader?.site;
  if (from === undefined) return 'Patroni has no leader to move.';
  if (to === null) return 'No other site may lead now; `status` says why.';
  if (to === from) return `${to} leads already.`;
  const why = reasonAgainst(state, to, now, timings);
  return why === null ? null : `${to} may not lead: ${why}.`;
}

function begin(turn: Turn, switchover: Omit<Switchover, 'from'>): void {
  const from = turn.state.view?.patroni.leader?.site;
  if (from === undefined) return;
  const { to, why } = switchover;
  const asked = ask(turn, 'switchover', { kind: 'switchover', from, to, why });
  if (asked) update<Switching>(turn, { switchover: { ...switchover, from } });
}

function end(turn: Turn, failure: string | null): void {
  const { state, now, timings } = turn;
  if (state.switchover === null) return;
  const { id, from, to } = state.switchover;
  if (id !== null) answerBehind(turn, { id, from, to, failure });
  const isRefused = failure !== null;
  // Also after a failure: to ask Patroni again and again would be flapping too. But for a battery that ends it is, and when that is over
  // nothing has moved. Who took over from a silent agent gave up nothing.
  const counts =
    id === null && to !== state.self.site && !(isRefused && state.power.power === 'low');
  const moves = counts ? holdDown(state.moves, now, timings) : state.moves;
  const refusedAt = isRefused ? now : state.refusedAt;
  update<Switching>(turn, { switchover: null, moves, refusedAt });
}

/** Doubles with each move in a row, and is forgotten after the longest hold-down without one (F21). */
function holdDown({ count, lastAt }: Moves, now: Millis, timings: Timings): Moves {
  const inARow = now - lastAt < timings.holdDownMaxMs ? count : 0;
  return { count: inARow + 1, lastAt: now, heldUntil: now + holdDownFor(inARow + 1, timings) };
}

function reasonToMove(state: State, now: Millis, timings: Timings): string | null {
  const { power, mainsElsewhereSince: since } = state;
  if (!mayMove(state, now, timings)) return null;
  const amiss = reasonAmiss(state, now, timings);
  if (amiss !== null) return amiss;
  if (state.copyDamage !== null) return DAMAGED;
  if (power.power === 'low') return 'its battery is low';
  return since !== null && now - since >= timings.batteryPatienceMs ? 'it is on battery' : null;
}

/** What keeps it from committing. */
function reasonAmiss(state: State, now: Millis, timings: Timings): string | null {
  const { server, unwell } = state;
  if (isStalledHere(state, now, timings)) return STALLED;
  if (server.sickSince !== null && now - server.sickSince >= timings.serverPatienceMs) {
    return reasonSick(server);
  }
  if (unwell.debtMs < timings.serverPatienceMs) return null;
  return unwell.why ?? 'it was unwell too often';
}

function mayMove(state: State, now: Millis, timings: Timings): boolean {
  const { moves, power } = state;
  // Neither a battery that ends nor a disk that takes nothing waits for anybody to prove himself.
  const hurry =
    power.power === 'low' ||
    (isStalledHere(state, now, timings) && now - moves.lastAt >= AGAIN_AFTER_MS);
  const heldDown = now < moves.heldUntil && !hurry;
  const isRefused = now - state.refusedAt < AGAIN_AFTER_REFUSAL_MS;
  return !heldDown && !isRefused && leadsHere(state, now, timings);
}

function leadsHere(state: State, now: Millis, timings: Timings): boolean {
  const { postgres, self, view } = state;
  if (self.witness || movesArePaused(state, now)) return false;
  if (view?.patroni.leader?.site !== self.site) return false;
  if (postgres === null || now - postgres.at > timings.freshMs) return false;
  return isRunningPrimary(postgres.report);
}

/** What the agent before this one had given up. */
export const movedBefore = ({ moves }: Carried, now: Millis): Partial<Switching> =>
  moves === null
    ? {}
    : {
        moves: { count: moves.count, lastAt: now - moves.passedMs, heldUntil: now + moves.heldMs },
      };

import type { AskingLeave } from '../state/decided.ts';
import type { Leave } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { type Turn, update } from '../turn.ts';
import type { Site } from '../view.ts';
import { databaseMembers } from './members.ts';

/**
 * F20: etcd does not answer the leader, and every other site with a copy of the database lets it go on for a few seconds,
 * asked again and again. Only one whose server may still answer asks, so that its time has no hole: once it is over, somebody may have been
 * promoted meanwhile, and only etcd knows.
 *
 * Who gives leave keeps itself from being promoted for longer than the leave lasts (give-leave.ts, failover/promotion), and nobody else could be.
 */
export function askLeave(turn: Turn): void {
  const { state, now, timings } = turn;
  const { leader, leaveAskedAt } = state;
  if (leader === null || !needsLeave(state, now, timings)) return;
  if (now - leaveAskedAt < timings.askAgainMs) return;
  for (const of of databaseMembers(state))
    turn.effects.push({ kind: 'ask-leave', of, sentAt: now, term: leader.revision });
  update<AskingLeave>(turn, { leaveAskedAt: now });
}

function needsLeave(state: State, now: Millis, timings: Timings): boolean {
  return (
    state.steppingDown === null &&
    now - state.readAt >= timings.goOnAfterMs &&
    isOpen(state, now) &&
    reasonNotToGoOn(state) === null
  );
}

/** Its server may answer at this moment, by what this agent told it. */
export const isOpen = ({ told, leader }: State, now: Millis): boolean =>
  told?.role === 'writer' && told.leaderRevision === leader?.revision && now < told.deadline;

/**
 * Until when all of the others let this site go on; long ago where one does not. Each counts from when it was asked. Not for ever: a machine
 * that has this one's name is not asked, and waits for so long before it takes the name (own-name.ts).
 */
export function leaveUntil(state: State, timings: Timings): Millis {
  if (reasonNotToGoOn(state) !== null) return Number.NEGATIVE_INFINITY;
  const members = databaseMembers(state);
  if (members.length === 0) return Number.NEGATIVE_INFINITY;
  const given = members.map((site) => leaveOf(state, site)?.givenAt ?? Number.NEGATIVE_INFINITY);
  const leased = state.leader?.until ?? Number.NEGATIVE_INFINITY;
  return Math.min(Math.min(...given) + timings.confirmationMs, leased + timings.goOnMaxMs);
}

/** Of the term that is ours. */
export function leaveOf({ leave, leader }: State, site: Site): Leave | null {
  const known = leave[site];
  return known !== undefined && known.term === leader?.revision ? known : null;
}

/** Patroni must go on by the same rule, or it ends PostgreSQL's being the primary whatever is said here. */
export function reasonNotToGoOn({ view, self }: State): string | null {
  if (!self.failsafe) return 'failsafe is off here';
  const failsafe = view?.patroni.failsafe;
  if (failsafe === undefined) return "Patroni's failsafe_mode is off";
  return failsafe.includes(self.site) ? null : "Patroni's /failsafe does not name this site";
}

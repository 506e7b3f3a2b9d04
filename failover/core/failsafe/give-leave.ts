import type { Input } from '../inputs.ts';
import { ownName } from '../own-name.ts';
import { hasPromised, PROMISED } from '../promised.ts';
import { isAtWork } from '../sites.ts';
import type { GivingLeave } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { isPending, type Turn, update } from '../turn.ts';
import type { Site } from '../view.ts';

/**
 * Whether the leader may go on without etcd for a few seconds, as far as this site goes (F20). With a yes this site takes neither lead nor
 * address before that is over, shows no address and opens no server; and its own promotion waits, or had begun before, and then this is a no
 * (the deed sees to that: adapters/peers, failover/promotion).
 */
export function giveLeave(turn: Turn, input: Input): void {
  if (input.kind !== 'leave-asked') return;
  const { id, site: to, term } = input;
  const { now, timings } = turn;
  const why = reasonNotToGive(turn, to, term);
  const until = now + timings.confirmationMs + timings.confirmationMarginMs;
  if (why === null) update<GivingLeave>(turn, { leaveGiven: { to, until } });
  turn.effects.push({ kind: 'give-leave', id, until, why });
}

/** While it lasts this site is nobody's next leader. */
export const isBound = ({ leaveGiven }: State, now: Millis): boolean => now < leaveGiven.until;

/** Whom this site lets go on at this moment. */
export const whoGoesOn = ({ leaveGiven }: State, now: Millis): Site | null =>
  now < leaveGiven.until ? leaveGiven.to : null;

function reasonNotToGive(turn: Turn, to: Site, term: number): string | null {
  const { state, now, timings } = turn;
  const { view, self, leader, address } = state;
  if (!self.failsafe) return 'failsafe is off there';
  if (self.witness) return 'it is a witness, and has no copy of the database';
  if (view === null || ownName(state, now, timings) !== 'ours')
    return 'its agent does not know what etcd said last';
  if (hasPromised(state)) return PROMISED;
  if (leader !== null || address !== null || asksForLease(turn))
    return 'it has, or wants, the lead or the address itself';
  if (view.leader.site !== to || view.leader.revision !== term)
    return `the leader that it knows is ${view.leader.site ?? 'nobody'}, or leads another term`;
  const primary = view.patroni.leader?.site;
  if (primary !== undefined && primary !== to) return `Patroni's leader key names ${primary}`;
  return reasonOfCopy(state, now, timings);
}

const asksForLease = (turn: Turn): boolean =>
  isPending(turn, 'claim leader') || isPending(turn, 'claim address');

/** What is not known to follow could be a primary. */
function reasonOfCopy(
  { postgres, postgresTrouble, heedsLeave }: State,
  now: Millis,
  timings: Timings,
): string | null {
  if (postgres === null || now - postgres.at > timings.freshMs)
    return `its Patroni does not answer (${postgresTrouble ?? 'not asked yet'})`;
  if (!heedsLeave) return HEEDS_NONE;
  const { role, state } = postgres.report;
  if (role === 'primary') return 'its PostgreSQL is a primary';
  return isAtWork(postgres.report) ? null : `its PostgreSQL is ${state}`;
}

/** Its promotion would not wait until a leave is over: of a release before this, or not told to. */
const HEEDS_NONE = 'its Patroni has no configuration yet in which a promotion heeds a leave';

export const gaveLeaveBefore = ({ leaveGiven }: State, until: Millis): Partial<GivingLeave> =>
  until > leaveGiven.until ? { leaveGiven: { to: null, until } } : {};

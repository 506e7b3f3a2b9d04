import type { Input, Lease } from '../inputs.ts';
import { hasOwnName } from '../own-name.ts';
import type { Held, State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { LeaseKey, Site, View } from '../view.ts';

/** What etcd says is ours, and what ends with it. */
export function reconcile(state: State, view: View): Partial<State> {
  const mine = (held: Held | null, key: LeaseKey): Held | null =>
    hasOwnName(view, state.self) ? heldNow(held, key, state.self.site) : null;
  const leader = mine(state.leader, view.leader);
  const address = mine(state.address, view.address);
  return {
    leader,
    address,
    steppingDown: leader === null ? null : state.steppingDown,
    leaving: address === null ? null : state.leaving,
  };
}

/**
 * The site is the holder, not the process: one that restarts finds its terms in etcd, and its first
 * pulse that etcd accepts makes them good again. Until then they are worth nothing.
 */
function heldNow(held: Held | null, key: LeaseKey, self: Site): Held | null {
  if (key.site !== self) return null;
  if (held?.revision === key.revision) return held;
  return { revision: key.revision, until: Number.NEGATIVE_INFINITY };
}

export function renew(
  state: State,
  { renewed, holds, sentAt }: Extract<Input, { kind: 'pulsed' }>,
  timings: Timings,
): Partial<State> {
  // Refused: the view that came with the refusal says what is over; what is not wants a new pulse.
  if (!renewed) return { nextPulseAt: Number.NEGATIVE_INFINITY };
  return {
    leader: prolong(state.leader, holds.leader, sentAt + termMs('leader', timings)),
    address: prolong(state.address, holds.address, sentAt + termMs('address', timings)),
  };
}

export function win(
  state: State,
  { lease, won, sentAt, view }: Extract<Input, { kind: 'claimed' }>,
  timings: Timings,
): Partial<State> {
  if (!won) return {};
  const held = prolong(state[lease], view[lease].revision, sentAt + termMs(lease, timings));
  return lease === 'leader' ? { leader: held } : { address: held };
}

function prolong(held: Held | null, revision: number | undefined, until: Millis): Held | null {
  if (held === null || held.revision !== revision || held.until >= until) return held;
  return { revision: held.revision, until };
}

/** What of a lease its holder may use: counted from the sending, and less the margin (D8). */
function termMs(lease: Lease, timings: Timings): Millis {
  return lease === 'leader'
    ? timings.leaderLeaseMs - timings.leaderMarginMs
    : timings.addressLeaseMs - timings.addressMarginMs;
}
